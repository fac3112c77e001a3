/**
 * The participant's worker uses the page's direct connections: one MessagePort, commands to the page, events to the
 * worker.
 */
import type { PeerLinkEvent, PeerLinks } from '#shared/participant/peer-links.ts';
import { MAX_PEER_FRAME_BYTES } from '#shared/protocol/limits.ts';

type ToPage =
  | { readonly kind: 'open'; readonly peers: readonly string[] }
  | { readonly kind: 'send'; readonly peer: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'close'; readonly peer: string }
  | { readonly kind: 'close-all' };
type ToWorker =
  | { readonly kind: 'local-id'; readonly id: string | null }
  /** Answers a `close`: what comes before it is of the link that was closed. */
  | { readonly kind: 'let-go'; readonly peer: string }
  | PeerLinkEvent;

/** The page's end. */
export function servePeerLinks(port: MessagePort, links: PeerLinks): void {
  const post = (message: ToWorker) => port.postMessage(message);
  links.onEvent(post);
  void links.localId.then((id) => post({ kind: 'local-id', id }));
  port.onmessage = ({ data: command }: MessageEvent<ToPage>) => {
    switch (command.kind) {
      case 'open':
        return links.open(command.peers);
      case 'send':
        if (links.send(command.peer, command.bytes)) return;
        // Bytes are never lost on a link that stays open.
        links.close(command.peer);
        return post({ kind: 'closed', peer: command.peer });
      case 'close':
        links.close(command.peer);
        return post({ kind: 'let-go', peer: command.peer });
      case 'close-all':
        return links.closeAll();
    }
  };
}

/** The worker's end. A send that the page cannot carry out ends the link, with `closed`. */
export class BridgedPeerLinks implements PeerLinks {
  readonly localId: Promise<string | null>;
  readonly #port: MessagePort;
  readonly #open = new Set<string>();
  /** How often each peer was closed and the page has not said so yet. */
  readonly #closing = new Map<string, number>();
  #isOver = false;
  #listener: (event: PeerLinkEvent) => void = () => {};

  constructor(port: MessagePort) {
    this.#port = port;
    this.localId = new Promise((resolve) => {
      port.onmessage = ({ data: message }: MessageEvent<ToWorker>) => {
        if (message.kind === 'local-id') resolve(message.id);
        else if (message.kind === 'let-go') this.#letGo(message.peer);
        else this.#event(message);
      };
    });
  }

  onEvent(listener: (event: PeerLinkEvent) => void): void {
    this.#listener = listener;
  }

  open(peers: readonly string[]): void {
    this.#post({ kind: 'open', peers });
  }

  send(peer: string, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (!this.#open.has(peer) || bytes.length > MAX_PEER_FRAME_BYTES) return false;
    this.#post({ kind: 'send', peer, bytes });
    return true;
  }

  close(peer: string): void {
    this.#open.delete(peer);
    this.#closing.set(peer, (this.#closing.get(peer) ?? 0) + 1);
    this.#post({ kind: 'close', peer });
  }

  closeAll(): void {
    this.#isOver = true;
    this.#open.clear();
    this.#post({ kind: 'close-all' });
  }

  #post(command: ToPage): void {
    this.#port.postMessage(command);
  }

  #letGo(peer: string): void {
    const left = (this.#closing.get(peer) ?? 0) - 1;
    if (left > 0) this.#closing.set(peer, left);
    else this.#closing.delete(peer);
  }

  #event(event: PeerLinkEvent): void {
    const { kind, peer } = event;
    if (this.#isOver || this.#closing.has(peer)) return;
    if (kind === 'opened') this.#open.add(peer);
    // Its end may have been told already, after a send that the page could not carry out.
    else if (kind !== 'failed' && !this.#open.has(peer)) return;
    if (kind === 'closed') this.#open.delete(peer);
    this.#listener(event);
  }
}
