/** The coordinator of a simulation: the real machine and codec, and a driver over queues. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes } from '../../base/bytes.ts';
import { isModelHash, type ModelHash, type ParticipantId } from '../../base/ids.ts';
import { invariant, unreachable } from '../../base/invariant.ts';
import type { RandomSource } from '../../base/random.ts';
import { weightedMean } from '../../numeric/quantize.ts';
import { addVector, bytesOfWords, wordsOfBytes } from '../../numeric/ring.ts';
import { decodeToCoordinator, encodeMessage } from '../../protocol/codec.ts';
import type { Offer, ToParticipant } from '../../protocol/messages/directions.ts';
import { sidOfOffer } from '../../protocol/transcript.ts';
import { quantizationTerms } from '../client/policy.ts';
import { begin, step } from '../coordinator/step.ts';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorStep,
  TimedPhase,
} from '../coordinator/types.ts';
import type { Observations } from './observations.ts';

/** A bug planted to show that a check bites. */
export type PlantedCoordinatorBug = 'opens-early' | 'sends-first';

/** One end of a connection: frames on the way, oldest first. */
export interface SimulatedPeer {
  readonly id: ParticipantId;
  readonly inbox: Uint8Array[];
  readonly outbox: (Uint8Array | 'gone')[];
  readonly connected: boolean;
}

type Attempt = {
  readonly offer: Offer;
  readonly tabs: ReadonlyMap<ParticipantId, SimulatedPeer>;
  readonly spools: Map<ParticipantId, Uint8Array[]>;
  readonly complete: Set<ParticipantId>;
  sum: Uint32Array;
  persisted: boolean;
};

export class SimulatedCoordinator {
  state: CoordinatorState | null = null;
  timer: TimedPhase | null = null;
  openingWork = false;
  modelHash: ModelHash = hashOf(new Uint8Array(0));
  readonly key: Uint8Array;
  readonly #random: RandomSource;
  readonly #observations: Observations;
  readonly #planted: PlantedCoordinatorBug | null;
  #attempt: Attempt | null = null;

  constructor(
    key: Uint8Array,
    random: RandomSource,
    observations: Observations,
    planted: PlantedCoordinatorBug | null,
  ) {
    this.key = key;
    this.#random = random;
    this.#observations = observations;
    this.#planted = planted;
  }

  get resting(): boolean {
    return this.state === null || this.state.kind === 'done' || this.state.kind === 'aborted';
  }

  /** Offers an attempt to `tabs`; `template` is the offer but for what belongs to the attempt. */
  offer(template: Offer, tabs: readonly SimulatedPeer[]): void {
    const nonce = this.#random(32);
    const offer = { ...template, nonce, modelHash: hexToBytes(this.modelHash), invited: tabs.length };
    const frame = encodeMessage(offer);
    this.#attempt = {
      offer,
      tabs: new Map(tabs.map((tab) => [tab.id, tab])),
      spools: new Map(),
      complete: new Set(),
      sum: new Uint32Array(offer.vectorWords),
      persisted: false,
    };
    const { round, attempt, minCohort, vectorWords, durationsMs } = offer;
    this.#apply(
      begin({
        sid: sidOfOffer(frame, this.key),
        round,
        attempt,
        modelHash: this.modelHash,
        invited: tabs.map((tab) => tab.id),
        minCohort,
        vectorWords,
        durationsMs,
      }),
    );
    for (const tab of tabs) tab.inbox.push(frame);
  }

  /** Takes the next message of `tab`, or learns that its socket is gone. */
  receive(tab: SimulatedPeer): void {
    const frame = tab.outbox.shift();
    invariant(frame !== undefined, 'a delivery has a frame');
    if (frame === 'gone') return this.dispatch({ kind: 'gone', from: tab.id });
    const decoded = decodeToCoordinator(frame);
    invariant(decoded.ok, 'tabs send messages');
    const message = decoded.value;
    if (!('sid' in message) || bytesToHex(message.sid) !== this.state?.plan.sid) return;
    const from = tab.id;
    switch (message.kind) {
      case 'accept':
        return this.dispatch({ kind: 'accept', from });
      case 'decline':
        return this.dispatch({ kind: 'decline', from, reason: message.reason });
      case 'progress':
        return this.dispatch({ kind: 'progress', from, percent: message.percent });
      case 'advertise':
        return this.dispatch({ kind: 'advertise', from, maskKey: bytesToHex(message.maskKey) });
      case 'masked':
        return this.#dispatchChunk(from, message.bytes, message.chunks);
      default:
        return unreachable(message);
    }
  }

  fireTimer(): void {
    invariant(this.timer !== null, 'a timer is set');
    const phase = this.timer;
    this.timer = null;
    this.dispatch({ kind: 'deadline', phase });
  }

  /** Reads the sum, after all the uploads are in it. */
  open(): void {
    this.openingWork = false;
    const { state } = this;
    invariant(state?.kind === 'opening' && this.#attempt !== null, 'there is a sum to open');
    const { sum, offer, complete } = this.#attempt;
    this.#observations.openedSum(state.plan.sid, state.roster, complete, sum);
    const mean = weightedMean(sum, state.roster.length, quantizationTerms(offer));
    if (!mean.ok) return this.dispatch({ kind: 'unopenable', detail: 'The weights are out of range.' });
    this.modelHash = hashOf(bytesOfWords(sum));
    this.dispatch({
      kind: 'opened',
      sumHash: bytesToHex(sha256(bytesOfWords(sum))),
      modelHash: this.modelHash,
    });
  }

  dispatch(event: CoordinatorEvent): void {
    if (this.state === null) return;
    if (this.#planted === 'opens-early' && event.kind === 'gone' && this.state.kind === 'masking') {
      const { plan, declined, dropped, roster } = this.state;
      return this.#apply({
        state: { kind: 'opening', plan, declined, dropped, roster },
        effects: [{ kind: 'open-sum' }],
      });
    }
    this.#apply(step(this.state, event));
  }

  #apply(next: CoordinatorStep): void {
    this.state = next.state;
    const effects = this.#planted === 'sends-first' ? next.effects.toReversed() : next.effects;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: CoordinatorEffect): void {
    const attempt = this.#attempt;
    invariant(attempt !== null && this.state !== null, 'effects belong to an attempt');
    const sid = hexToBytes(this.state.plan.sid);
    switch (effect.kind) {
      case 'send-roster': {
        const entries = effect.entries.map(({ participant, maskKey }) => ({
          participant: hexToBytes(participant),
          maskKey: hexToBytes(maskKey),
        }));
        return this.#send(effect.to, { kind: 'roster', sid, entries });
      }
      case 'send-result': {
        if (!attempt.persisted) this.#observations.violations.push('OPEN-2: sent before it was persisted');
        const { sumHash, modelHash, survivors } = effect;
        const hashes = { sumHash: hexToBytes(sumHash), modelHash: hexToBytes(modelHash) };
        return this.#send(effect.to, { kind: 'result', sid, ...hashes, survivors });
      }
      case 'send-abort':
        if (this.resting && !attempt.persisted)
          this.#observations.violations.push('ABORT-1: sent before it was persisted');
        return this.#send(effect.to, { kind: 'abort', sid, code: effect.code, detail: effect.detail });
      case 'send-fault':
        this.#observations.violations.push(`FAULT-1: an honest tab was blamed: ${effect.fault.detail}`);
        return;
      case 'start-timer':
        this.timer = effect.phase;
        return;
      case 'cancel-timer':
        if (this.timer === effect.phase) this.timer = null;
        return;
      case 'open-sum':
        this.openingWork = true;
        return;
      case 'discard-uploads':
        attempt.spools.clear();
        attempt.sum = new Uint32Array(0);
        return;
      case 'persist-done':
      case 'persist-aborted':
        attempt.persisted = true;
        return;
      case 'take-chunk':
      case 'publish':
        return;
      default:
        return unreachable(effect);
    }
  }

  #dispatchChunk(from: ParticipantId, bytes: Uint8Array, chunks: number): void {
    invariant(this.state !== null, 'chunks belong to an attempt');
    const next = step(this.state, { kind: 'chunk', from });
    this.#apply(next);
    if (!next.effects.some((effect) => effect.kind === 'take-chunk')) return;
    const attempt = this.#attempt;
    invariant(attempt !== null, 'chunks belong to an attempt');
    const spool = [...(attempt.spools.get(from) ?? []), bytes];
    attempt.spools.set(from, spool);
    if (spool.length < chunks) return;
    addVector(attempt.sum, wordsOfBytes(concatBytes(...spool)));
    attempt.spools.delete(from);
    attempt.complete.add(from);
    this.dispatch({ kind: 'uploaded', from });
  }

  #send(to: readonly ParticipantId[], message: ToParticipant): void {
    const frame = encodeMessage(message);
    for (const participant of to) {
      const tab = this.#attempt?.tabs.get(participant);
      if (tab?.connected) tab.inbox.push(frame);
    }
  }
}

function hashOf(bytes: Uint8Array): ModelHash {
  const hash = bytesToHex(sha256(bytes));
  invariant(isModelHash(hash), 'a SHA-256 in hex is a model hash');
  return hash;
}
