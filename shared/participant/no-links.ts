/** A participant that nobody reaches directly: everything for it is relayed. */
import type { PeerLinks } from './peer-links.ts';

export const NO_LINKS: PeerLinks = {
  localId: Promise.resolve(null),
  open: () => {},
  send: () => false,
  close: () => {},
  closeAll: () => {},
  onEvent: () => {},
};
