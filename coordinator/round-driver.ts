/**
 * One attempt at a round: feeds the pure machine (round/coordinator) with what happens, and does what it says,
 * in order. It decides nothing of the protocol; what is to be persisted is stored before the next effect.
 */
import { createHash } from 'node:crypto';
import { hexToBytes } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import { invariant, unreachable } from '#shared/base/invariant.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import { weightedMean } from '#shared/numeric/quantize.ts';
import { bytesOfWords } from '#shared/numeric/ring.ts';
import type { RoundView } from '#shared/protocol/api.ts';
import type { Offer, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { quantizationTerms } from '#shared/round/client/policy.ts';
import { begin, step } from '#shared/round/coordinator/step.ts';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  RoundPlan,
  TimedPhase,
} from '#shared/round/coordinator/types.ts';
import { bytesOfParameters, modelHashOf } from '#shared/tasks/parameters.ts';
import { federatedAverage } from '#shared/tasks/strategy.ts';
import { Uploads, type Chunk } from './uploads.ts';

export interface RoundPorts {
  /** Stores that the attempt is under way, and then sends its offer. */
  begin(): Promise<void>;
  send(to: ParticipantId, message: ToParticipant): void;
  /** Breaks the connection of one that broke the offer's terms. */
  expel(id: ParticipantId): void;
  commit(view: RoundView, model: Uint8Array): Promise<void>;
  abort(view: RoundView, detail: string): Promise<void>;
  /** Something a page may show has changed. */
  changed(): void;
  /** The machine has reached its end and everything is stored and sent. */
  ended(view: RoundView, parameters: Float32Array<ArrayBuffer> | null): void;
  /** An effect threw: a bug or a full disk; the run cannot go on. */
  failed(error: unknown): void;
}

type Input =
  CoordinatorEvent | { readonly kind: 'masked'; readonly from: ParticipantId; readonly chunk: Chunk };

export class RoundDriver {
  readonly #plan: RoundPlan;
  readonly #offer: Offer;
  readonly #global: Float32Array;
  readonly #ports: RoundPorts;
  readonly #uploads: Uploads;
  readonly #timers = new Map<TimedPhase, NodeJS.Timeout>();
  readonly #bytes = new Map<ParticipantId, number>();
  readonly #startedAtMs = performance.now();
  #state: CoordinatorState;
  #queue: Promise<void> = Promise.resolve();
  #model: Float32Array<ArrayBuffer> | null = null;
  #view: RoundView | null = null;
  #disposed = false;

  /** `global` is the model of the offer, [d]. */
  constructor(plan: RoundPlan, offer: Offer, global: Float32Array, ports: RoundPorts) {
    this.#plan = plan;
    this.#offer = offer;
    this.#global = global;
    this.#ports = ports;
    this.#uploads = new Uploads(plan.vectorWords);
    const first = begin(plan);
    this.#state = first.state;
    this.#enqueue(async () => {
      await ports.begin();
      await this.#perform(first.effects);
    });
  }

  get state(): CoordinatorState {
    return this.#state;
  }

  get plan(): RoundPlan {
    return this.#plan;
  }

  /** Payload bytes that a participant sent for this attempt. */
  count(from: ParticipantId, bytes: number): void {
    this.#bytes.set(from, (this.#bytes.get(from) ?? 0) + bytes);
  }

  /** Events are taken one after another; each one's effects are done before the next is looked at. */
  take(input: Input): void {
    this.#enqueue(() => this.#handle(input));
  }

  /** Nothing is sent or stored any more, and everything uploaded is forgotten. */
  dispose(): void {
    this.#disposed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#uploads.discard();
  }

  #enqueue(work: () => Promise<void>): void {
    const unlessDisposed = async () => {
      if (!this.#disposed) await work();
    };
    this.#queue = this.#queue.then(unlessDisposed).catch((error: unknown) => this.#ports.failed(error));
  }

  async #handle(input: Input): Promise<void> {
    if (input.kind !== 'masked') return this.#step(input);
    const next = step(this.#state, { kind: 'chunk', from: input.from });
    this.#state = next.state;
    const wanted = next.effects.some((effect) => effect.kind === 'take-chunk');
    await this.#perform(next.effects.filter((effect) => effect.kind !== 'take-chunk'));
    if (!wanted) return;
    const taken = this.#uploads.take(input.from, input.chunk);
    if (!taken.ok) {
      this.#ports.send(input.from, {
        kind: 'fault',
        code: 'wrong-length',
        detail: taken.fault,
        closing: true,
      });
      this.#ports.expel(input.from);
      await this.#step({ kind: 'gone', from: input.from });
    } else if (taken.value === 'complete') {
      await this.#step({ kind: 'uploaded', from: input.from });
    }
  }

  async #step(event: CoordinatorEvent): Promise<void> {
    const next = step(this.#state, event);
    this.#state = next.state;
    await this.#perform(next.effects);
    if (this.#disposed || !isOver(this.#state)) return;
    this.dispose();
    invariant(this.#view, 'an outcome is persisted before the round is over');
    this.#ports.ended(this.#view, this.#model);
  }

  async #perform(effects: readonly CoordinatorEffect[]): Promise<void> {
    for (const effect of effects) {
      if (this.#disposed) return;
      await this.#do(effect);
    }
  }

  async #do(effect: CoordinatorEffect): Promise<void> {
    const sid = hexToBytes(this.#plan.sid);
    switch (effect.kind) {
      case 'send-roster': {
        const entries = effect.entries.map(({ participant, maskKey }) => ({
          participant: hexToBytes(participant),
          maskKey: hexToBytes(maskKey),
        }));
        return this.#send(effect.to, { kind: 'roster', sid, entries });
      }
      case 'send-result': {
        const { survivors } = effect;
        const [sumHash, modelHash] = [hexToBytes(effect.sumHash), hexToBytes(effect.modelHash)];
        return this.#send(effect.to, { kind: 'result', sid, sumHash, modelHash, survivors });
      }
      case 'send-abort':
        return this.#send(effect.to, { kind: 'abort', sid, code: effect.code, detail: effect.detail });
      case 'send-fault':
        return this.#send([effect.to], { kind: 'fault', ...effect.fault, closing: false });
      case 'start-timer':
        this.#timers.set(
          effect.phase,
          setTimeout(() => this.take({ kind: 'deadline', phase: effect.phase }), effect.ms),
        );
        return;
      case 'cancel-timer':
        clearTimeout(this.#timers.get(effect.phase));
        this.#timers.delete(effect.phase);
        return;
      case 'open-sum': {
        const opened = this.#openSum();
        return this.#step(opened.ok ? opened.value : { kind: 'unopenable', detail: opened.fault });
      }
      case 'discard-uploads':
        return this.#uploads.discard();
      case 'persist-done':
        invariant(this.#model, 'a sum was opened before it is stored');
        this.#view = this.#outcome();
        return this.#ports.commit(this.#view, bytesOfParameters(this.#model));
      case 'persist-aborted':
        this.#view = this.#outcome();
        return this.#ports.abort(this.#view, effect.detail);
      case 'publish':
        return this.#ports.changed();
      case 'take-chunk':
        return;
      default:
        return unreachable(effect);
    }
  }

  #send(to: readonly ParticipantId[], message: ToParticipant): void {
    for (const id of to) this.#ports.send(id, message);
  }

  /** The masks have cancelled: the sum is the plain sum of the quantized updates. */
  #openSum(): Result<CoordinatorEvent, string> {
    invariant(this.#state.kind === 'opening', 'a sum is opened with every upload in');
    const { sum } = this.#uploads;
    const mean = weightedMean(sum, this.#state.roster.length, quantizationTerms(this.#offer));
    if (!mean.ok)
      return fail('The sum of the uploads is not what the offer allows; no model was made of it.');
    const model = federatedAverage(this.#global, mean.value.delta);
    if (!model.ok) return fail(model.fault);
    this.#model = model.value;
    const sumHash = createHash('sha256').update(bytesOfWords(sum)).digest('hex');
    return ok({ kind: 'opened', sumHash, modelHash: modelHashOf(bytesOfParameters(model.value)) });
  }

  #outcome(): RoundView {
    const state = this.#state;
    invariant(state.kind === 'done' || state.kind === 'aborted', 'only an ended round has an outcome');
    const done = state.kind === 'done' ? state : null;
    const counted = done?.survivors ?? this.#plan.invited;
    const bytes = counted.reduce((sum, id) => sum + (this.#bytes.get(id) ?? 0), 0);
    return {
      round: this.#plan.round,
      attempt: this.#plan.attempt,
      sid: this.#plan.sid,
      outcome: state.kind,
      abortCode: state.kind === 'aborted' ? state.code : null,
      invited: this.#plan.invited.length,
      declined: state.declined,
      dropped: state.dropped,
      participants: done?.survivors.length ?? 0,
      accuracy: null,
      loss: null,
      bytesPerTab: Math.round(bytes / counted.length),
      seconds: (performance.now() - this.#startedAtMs) / 1_000,
      modelHash: done?.modelHash ?? null,
      sumHash: done?.sumHash ?? null,
      endedAt: new Date().toISOString(),
    };
  }
}

const isOver = (state: CoordinatorState) => state.kind === 'done' || state.kind === 'aborted';
