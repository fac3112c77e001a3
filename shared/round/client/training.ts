/** TRAIN: the offer is accepted; the model is fetched, trained on, and the update quantized. */
import { leaveRound, otherwise, stay } from './endings.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function training(state: StateOf<'training'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'progress':
      return stay(state, { kind: 'send-progress', percent: event.percent });
    case 'trained':
      return stay({ kind: 'keying', plan: state.plan }, { kind: 'make-keys' });
    case 'training-failed':
    case 'model-unavailable': {
      const detail =
        event.kind === 'training-failed' ? 'Training failed here.' : 'The model was not to be had.';
      return leaveRound(state, event.kind, detail, { kind: 'send-decline', reason: event.kind });
    }
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['accept'] });
    default:
      return otherwise(state, event);
  }
}
