/** A participant of a simulation: the real machine, codec and cryptography, and a driver over queues. */
import { bytesToHex, hexToBytes } from '../../base/bytes.ts';
import { isModelHash, isParticipantId, type ParticipantId, type Sid } from '../../base/ids.ts';
import { invariant, unreachable } from '../../base/invariant.ts';
import type { RandomSource } from '../../base/random.ts';
import { generateKeyPair, type KeyPair } from '../../crypto/agreement.ts';
import { quantizeUpdate } from '../../numeric/quantize.ts';
import { bytesOfWords } from '../../numeric/ring.ts';
import { decodeToParticipant, encodeMessage } from '../../protocol/codec.ts';
import type { Offer, ToCoordinator, ToParticipant } from '../../protocol/messages/directions.ts';
import { sidOfOffer } from '../../protocol/transcript.ts';
import type { Task } from '../../tasks/task.ts';
import { quantizationTerms } from '../client/policy.ts';
import { begin, step } from '../client/step.ts';
import type { ClientEffect, ClientEvent, ClientPolicy, ClientState, ClientStep } from '../client/types.ts';
import { maskTerms, maskWithAll } from '../pair-masks.ts';
import type { Observations } from './observations.ts';

/** A bug planted to show that a check bites. */
export type PlantedTabBug = 'wrong-sign' | 'keeps-update' | 'keeps-key' | 'keeps-secrets';

export interface TabSettings {
  readonly task: Task;
  readonly coordinatorKey: Uint8Array;
  readonly policy: ClientPolicy;
  readonly chunkBytes: number;
  readonly random: RandomSource;
  readonly planted: PlantedTabBug | null;
}

interface Update {
  readonly tag: number;
  readonly words: Uint32Array;
}
type Job = 'train' | 'make-key' | 'mask' | 'upload';

const TERMINAL: readonly (ClientState['kind'] | undefined)[] = ['done', 'aborted', 'left'];
let updates = 0;

export class SimulatedTab {
  readonly id: ParticipantId;
  readonly inbox: Uint8Array[] = [];
  readonly outbox: (Uint8Array | 'gone')[] = [];
  readonly jobs: Job[] = [];
  connected = true;
  timerSet = false;
  state: ClientState | null = null;
  #update: Update | null = null;
  #key: KeyPair | null = null;
  #kept: { readonly update: Update | null; readonly key: KeyPair | null } = { update: null, key: null };
  readonly #settings: TabSettings;
  readonly #observations: Observations;

  constructor(id: ParticipantId, settings: TabSettings, observations: Observations) {
    this.id = id;
    this.#settings = settings;
    this.#observations = observations;
  }

  get resting(): boolean {
    return this.state === null || TERMINAL.includes(this.state.kind);
  }

  get holdsSecrets(): boolean {
    return this.#update !== null || this.#key !== null;
  }

  /** Takes the next message from the coordinator. */
  receive(): void {
    const frame = this.inbox.shift();
    invariant(frame !== undefined, 'a delivery has a frame');
    const decoded = decodeToParticipant(frame);
    invariant(decoded.ok, 'the coordinator sends messages');
    if (decoded.value.kind === 'offer') this.#join(decoded.value, frame);
    else this.#react(decoded.value);
  }

  /** Does the next piece of work; `fails` where it is training and does not succeed. */
  work(fails: boolean): void {
    const job = this.jobs.shift();
    invariant(job !== undefined && this.state !== null, 'there is work');
    this.#apply(step(this.state, this.#perform(job, fails)));
  }

  fireTimer(): void {
    this.timerSet = false;
    this.#dispatch({ kind: 'deadline' });
  }

  /** The socket is lost: of what was under way only the first `kept` frames arrive. */
  disconnect(kept: number): void {
    this.connected = false;
    this.inbox.length = 0;
    this.outbox.length = Math.min(kept, this.outbox.length);
    this.outbox.push('gone');
    this.#dispatch({ kind: 'socket-lost' });
  }

  #join(offer: Offer, frame: Uint8Array): void {
    invariant(this.resting, 'a new offer comes after the outcome of the last');
    const { task, policy, coordinatorKey } = this.#settings;
    this.jobs.length = 0;
    this.#apply(begin(this.id, sidOfOffer(frame, coordinatorKey), offer, task, policy));
  }

  #react(message: Exclude<ToParticipant, { kind: 'offer' }>): void {
    const sid = 'sid' in message ? bytesToHex(message.sid) : null;
    if (this.state === null || sid !== this.state.plan.sid) return;
    switch (message.kind) {
      case 'roster':
        return this.#dispatch({
          kind: 'roster',
          entries: message.entries.map(({ participant, maskKey }) => {
            const id = bytesToHex(participant);
            invariant(isParticipantId(id), '32 bytes are a participant id');
            return { participant: id, maskKey: bytesToHex(maskKey) };
          }),
        });
      case 'result': {
        const modelHash = bytesToHex(message.modelHash);
        invariant(isModelHash(modelHash), '32 bytes are a model hash');
        return this.#dispatch({ kind: 'result', modelHash, survivors: message.survivors });
      }
      case 'abort':
        return this.#dispatch({ kind: 'abort', code: message.code, detail: message.detail });
      case 'welcome':
      case 'room':
      case 'finished':
      case 'fault':
        return;
      default:
        return unreachable(message);
    }
  }

  #dispatch(event: ClientEvent): void {
    if (this.state !== null) this.#apply(step(this.state, event));
  }

  #apply(next: ClientStep): void {
    this.state = next.state;
    for (const effect of next.effects) this.#carryOut(effect, next.state.plan.sid);
  }

  #carryOut(effect: ClientEffect, sid: Sid): void {
    switch (effect.kind) {
      case 'send-accept':
        return this.#send({ kind: 'accept', sid: hexToBytes(sid) });
      case 'send-decline':
        return this.#send({ kind: 'decline', sid: hexToBytes(sid), reason: effect.reason });
      case 'send-progress':
        return this.#send({ kind: 'progress', sid: hexToBytes(sid), percent: effect.percent });
      case 'send-advertise':
        return this.#send({ kind: 'advertise', sid: hexToBytes(sid), maskKey: hexToBytes(effect.maskKey) });
      case 'start-timer':
        this.timerSet = true;
        return;
      case 'cancel-timer':
        this.timerSet = false;
        return;
      case 'train':
      case 'make-key':
      case 'mask':
      case 'upload':
        this.jobs.push(effect.kind);
        return;
      case 'erase-secrets':
        return this.#erase();
      case 'report-fault':
        this.#observations.violations.push(
          `FAULT-1: an honest coordinator was reported: ${effect.fault.detail}`,
        );
        return;
      default:
        return unreachable(effect);
    }
  }

  #perform(job: Job, fails: boolean): ClientEvent {
    const { state } = this;
    invariant(state !== null, 'work belongs to an attempt');
    switch (job) {
      case 'train':
        return fails ? { kind: 'training-failed' } : this.#train(state);
      case 'make-key': {
        const kept = this.#settings.planted === 'keeps-key' ? this.#kept.key : null;
        this.#key = kept ?? generateKeyPair(this.#settings.random);
        const maskKey = bytesToHex(this.#key.publicKey);
        this.#observations.madeKey(maskKey);
        return { kind: 'keyed', maskKey };
      }
      case 'mask':
        return this.#mask(state);
      case 'upload':
        return this.#upload(state);
      default:
        return unreachable(job);
    }
  }

  #train({ plan }: ClientState): ClientEvent {
    const kept = this.#settings.planted === 'keeps-update' ? this.#kept.update : null;
    const values = new Int16Array(this.#settings.random(2 * (plan.offer.vectorWords - 1)).buffer);
    const delta = Float32Array.from(values, (value) => value / 2 ** 15);
    const quantized = quantizeUpdate(delta, 1 + (values.length % 7), quantizationTerms(plan.offer));
    invariant(quantized.ok, 'the update is finite');
    this.#update = kept
      ? { tag: kept.tag, words: kept.words.slice() }
      : { tag: updates++, words: quantized.value };
    this.#kept = { ...this.#kept, update: { tag: this.#update.tag, words: this.#update.words.slice() } };
    this.#observations.trained(plan.sid, this.id, this.#update.words);
    return { kind: 'trained' };
  }

  #mask(state: ClientState): ClientEvent {
    invariant(state.kind === 'masking' && this.#update !== null && this.#key !== null, 'there are secrets');
    const { sid } = state.plan;
    const { words, tag } = this.#update;
    const terms = maskTerms(sid, state.roster, this.id, this.#key.secretKey);
    const mask = new Uint32Array(words.length);
    const masked = maskWithAll(mask, terms);
    invariant(masked.ok, 'the keys of honest tabs agree');
    const sign = this.#settings.planted === 'wrong-sign' ? -1 : 1;
    for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) + sign * (mask[i] as number);
    this.#observations.masked(sid, tag);
    return { kind: 'masked' };
  }

  #upload({ plan }: ClientState): ClientEvent {
    invariant(this.#update !== null, 'there is a masked vector');
    const bytes = bytesOfWords(this.#update.words);
    const { chunkBytes } = this.#settings;
    const chunks = Math.ceil(bytes.length / chunkBytes);
    for (let index = 0; index < chunks; index++)
      this.#send({
        kind: 'masked',
        sid: hexToBytes(plan.sid),
        index,
        chunks,
        bytes: bytes.slice(index * chunkBytes, (index + 1) * chunkBytes),
      });
    return { kind: 'uploaded' };
  }

  #erase(): void {
    this.jobs.length = 0;
    this.#kept = { ...this.#kept, key: this.#key ?? this.#kept.key };
    if (this.#settings.planted === 'keeps-secrets') return;
    this.#update?.words.fill(0);
    this.#update = null;
    this.#key = null;
  }

  #send(message: ToCoordinator): void {
    if (this.connected) this.outbox.push(encodeMessage(message));
  }
}
