/** One attempt at a round on Node: its timers and random bytes, and what it cost as pages and the store see it. */
import { setImmediate } from 'node:timers/promises';
import type { ParticipantId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { RoundView } from '#shared/protocol/api.ts';
import type { Offer } from '#shared/protocol/messages/directions.ts';
import type { CoordinatorState, RoundPlan } from '#shared/round/coordinator/types.ts';
import {
  AttemptDriver,
  type AttemptPorts,
  type EndState,
  type RoundMessage,
} from '#shared/round/driver/attempt-driver.ts';
import type { Opened } from '#shared/round/driver/opening.ts';
import { roundView } from './round-view.ts';

export interface RoundPorts extends Pick<
  AttemptPorts,
  'suite' | 'signer' | 'graceMs' | 'invited' | 'begin' | 'send' | 'expel' | 'unmasking' | 'changed' | 'failed'
> {
  /** Spent so far by the participant that has spent most; null where nothing limits it. */
  epsilon(): number | null;
  commit(view: RoundView, model: Uint8Array): Promise<void>;
  abort(view: RoundView, detail: string): Promise<void>;
  /** The attempt is over, and everything stored and sent. */
  ended(view: RoundView, parameters: Float32Array<ArrayBuffer> | null): void;
}

export class RoundDriver {
  readonly #driver: AttemptDriver;
  readonly #offer: Offer;
  readonly #ports: RoundPorts;
  readonly #bytes = new Map<ParticipantId, number>();
  readonly #startedAtMs = performance.now();
  #view: RoundView | null = null;

  /** `global` is the model of the offer, [d]. */
  constructor(plan: RoundPlan, offer: Offer, global: Float32Array, ports: RoundPorts) {
    this.#offer = offer;
    this.#ports = ports;
    this.#driver = new AttemptDriver(
      { plan, offer, global },
      {
        ...ports,
        random: systemRandom,
        after: (ms, run) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
        pause: async () => {
          await setImmediate();
        },
        commit: (state, opened, model) => ports.commit(this.#keep(state, opened), model),
        abort: (state, detail) => ports.abort(this.#keep(state, null), detail),
        ended: (opened) => {
          invariant(this.#view, 'an outcome is persisted before the round is over');
          ports.ended(this.#view, opened?.parameters ?? null);
        },
      },
    );
  }

  get state(): CoordinatorState {
    return this.#driver.state;
  }

  get plan(): RoundPlan {
    return this.#driver.plan;
  }

  /** A message about this attempt; `frameBytes` is its size on the wire. */
  receive(from: ParticipantId, message: RoundMessage, frameBytes: number): void {
    this.#bytes.set(from, (this.#bytes.get(from) ?? 0) + frameBytes);
    this.#driver.receive(from, message);
  }

  disconnected(from: ParticipantId): void {
    this.#driver.disconnected(from);
  }

  left(from: ParticipantId): void {
    this.#driver.left(from);
  }

  returned(from: ParticipantId): void {
    this.#driver.returned(from);
  }

  stop(): void {
    this.#driver.stop();
  }

  dispose(): void {
    this.#driver.dispose();
  }

  #keep(state: EndState, opened: Opened | null): RoundView {
    const norm = this.#offer.privacy?.mechanism.clipNorm;
    const within = opened?.withinClip ?? null;
    const view = roundView(state, {
      bytes: this.#bytes,
      pairs: this.#driver.pairs,
      seconds: (performance.now() - this.#startedAtMs) / 1_000,
      epsilon: this.#ports.epsilon(),
    });
    this.#view = within === null || norm === undefined ? view : { ...view, clip: { norm, within } };
    return this.#view;
  }
}
