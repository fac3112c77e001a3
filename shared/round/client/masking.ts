/** MASK: the self mask and the masks of all neighbours in U2 are added to the update in place. */
import { otherwise, refuse, stay } from './endings.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function masking(state: StateOf<'masking'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'masked':
      return stay({ ...state, kind: 'uploading' }, { kind: 'erase-masking' }, { kind: 'send-masked-ready' });
    case 'mask-failed':
      return refuse(state, 'mask-refused', event.detail);
    case 'unmask-request':
      return refuse(state, 'unmask-refused', 'The round went on before this tab had sent anything.');
    default:
      return otherwise(state, event);
  }
}
