/**
 * The coordinator's own driver of an attempt (round/driver) in a schedule: virtual time, and writes that are on their
 * way until the schedule lets them land. What the machine is told is looked at on its way.
 */
import type { ParticipantId } from '../base/ids.ts';
import type { RandomSource } from '../base/random.ts';
import type { Signer } from '../crypto/identity.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { ClockPort } from '../participant/ports.ts';
import { RECONNECT_GRACE_MS } from '../protocol/limits.ts';
import type { ToParticipant } from '../protocol/messages/directions.ts';
import { step } from '../round/coordinator/step.ts';
import type { CoordinatorEvent, CoordinatorState, CoordinatorStep } from '../round/coordinator/types.ts';
import { AttemptDriver, type AttemptTerms } from '../round/driver/attempt-driver.ts';
import type { Checks } from './checks.ts';
import type { Outcome, Store } from './store.ts';

export interface ScheduledPorts {
  readonly suite: CryptoSuite;
  readonly signer: Signer;
  readonly random: RandomSource;
  readonly clock: ClockPort;
  readonly store: Store;
  readonly checks: Checks;
  readonly uploadsAtOnce: number;
  /** The coordinator's; or one with a fault. */
  readonly machine?: typeof step;
  /** Sends the offer. */
  offer(): void;
  send(to: ParticipantId, message: ToParticipant): void;
  expel(id: ParticipantId): void;
  ended(): void;
  failed(error: unknown): void;
}

export function scheduledAttempt(terms: AttemptTerms, ports: ScheduledPorts): AttemptDriver {
  const { sid, round, attempt } = terms.plan;
  const { store, checks, clock } = ports;
  const put = (state: 'open' | 'unmasking') => store.write(() => store.put({ sid, round, attempt, state }));
  const end = (outcome: Outcome, also: () => void) =>
    store.write(() => {
      checks.ended(sid, store.outcomeOf(sid), outcome, clock.nowMs());
      store.put({ sid, round, attempt, ...outcome });
      also();
    });
  return new AttemptDriver(
    terms,
    {
      ...ports,
      graceMs: RECONNECT_GRACE_MS,
      after: (ms, run) => clock.after(ms, run),
      pause: async () => {},
      // Invitations are looked at when a tab joins.
      invited: () => true,
      begin: async () => {
        await put('open');
        ports.offer();
      },
      unmasking: () => put('unmasking'),
      commit: ({ sumHash, modelHash, survivors }, _, model) =>
        end({ state: 'done', sumHash, modelHash, survivors: survivors.length }, () =>
          store.keepModel(modelHash, model),
        ),
      abort: ({ code }) => end({ state: 'aborted', code }, () => {}),
      changed: () => {},
    },
    (state, event) => watched(state, event, ports),
  );
}

/** Where everybody keeps the protocol, shares rebuild secrets, and the sum is that of the updates. */
function watched(
  state: CoordinatorState,
  event: CoordinatorEvent,
  { checks, machine = step }: ScheduledPorts,
): CoordinatorStep {
  const { sid } = state.plan;
  if (event.kind === 'rebuild-failed' || event.kind === 'unopenable') checks.unopenable(sid, event.detail);
  if (event.kind === 'opened' && state.kind === 'opening') {
    const { u3, cohort } = state;
    const survivors = cohort.roster.flatMap(({ participant }, index) => (u3.has(index) ? [participant] : []));
    checks.opened(sid, survivors, event.sumHash);
  }
  return machine(state, event);
}
