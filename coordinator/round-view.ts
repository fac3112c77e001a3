/** An ended attempt as pages and the store see it. */
import type { ParticipantId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { RoundView } from '#shared/protocol/api.ts';
import type { CoordinatorState } from '#shared/round/coordinator/types.ts';

export interface RoundFigures {
  /** Payload bytes that each sent for this attempt. */
  readonly bytes: ReadonlyMap<ParticipantId, number>;
  /** Pairs whose shares went without and through the coordinator. */
  readonly pairs: { readonly direct: number; readonly relayed: number };
  readonly seconds: number;
  /** Spent so far, by the participant that has spent most; null where nothing limits it. */
  readonly epsilon: number | null;
}

export function roundView(
  state: CoordinatorState,
  { bytes, pairs, seconds, epsilon }: RoundFigures,
): RoundView {
  invariant(state.kind === 'done' || state.kind === 'aborted', 'only an ended round has an outcome');
  const done = state.kind === 'done' ? state : null;
  const { plan } = state;
  const counted = done?.survivors ?? plan.invited;
  const sum = counted.reduce((total, id) => total + (bytes.get(id) ?? 0), 0);
  return {
    round: plan.round,
    attempt: plan.attempt,
    sid: plan.sid,
    outcome: state.kind,
    abortCode: state.kind === 'aborted' ? state.code : null,
    invited: plan.invited.length,
    declined: state.declined,
    dropped: state.dropped,
    participants: done?.survivors.length ?? 0,
    accuracy: null,
    loss: null,
    detail: null,
    bytesPerTab: Math.round(sum / counted.length),
    pairsDirect: pairs.direct,
    pairsRelayed: pairs.relayed,
    epsilon,
    seconds,
    modelHash: done?.modelHash ?? null,
    sumHash: done?.sumHash ?? null,
    endedAt: new Date().toISOString(),
  };
}
