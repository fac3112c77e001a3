/** UPLOAD: the masked vector waits for its turn and goes out in chunks. */
import { otherwise, stay } from './endings.ts';
import { checkU3 } from './submitted.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function uploading(state: StateOf<'uploading'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'upload-grant':
      return stay(state, { kind: 'upload', nextChunk: event.nextChunk });
    case 'uploaded':
      return stay({ ...state, kind: 'submitted' });
    // The last bytes may have arrived before the driver saw its socket drained.
    case 'unmask-request':
      return checkU3(state, event.u3);
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['masked-ready'] });
    default:
      return otherwise(state, event);
  }
}
