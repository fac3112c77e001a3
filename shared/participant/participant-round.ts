/**
 * One attempt at a round in a participant: feeds the pure machine (round/client) and does what it says. Holds
 * what the machine only names: the update, the key pair, the training under way. All of it is zeroed when the
 * machine says so, which is on every way out.
 */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { ParticipantId, Sid } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { generateKeyPair, type KeyPair } from '../crypto/agreement.ts';
import type { Examples } from '../data/examples.ts';
import type { ShardReference } from '../data/shards.ts';
import { quantizeUpdate } from '../numeric/quantize.ts';
import { bytesOfWords } from '../numeric/ring.ts';
import { SEND_BUFFER_BYTES, UPLOAD_CHUNK_BYTES } from '../protocol/limits.ts';
import type { Offer, ToCoordinator } from '../protocol/messages/directions.ts';
import type { RosterEntry } from '../protocol/transcript.ts';
import { quantizationTerms } from '../round/client/policy.ts';
import { begin, step } from '../round/client/step.ts';
import type {
  ClientEffect,
  ClientEvent,
  ClientPolicy,
  ClientState,
  ClientStep,
} from '../round/client/types.ts';
import { maskTerms, maskWithPeer } from '../round/pair-masks.ts';
import { parameterCount } from '../tasks/layout.ts';
import { parametersOfBytes } from '../tasks/parameters.ts';
import type { Task } from '../tasks/task.ts';
import type { BatchProgress, ParticipantPorts, TrainFault } from './ports.ts';
import { modelHashOfBytes } from './round-events.ts';

/** Between two looks at a full send buffer. */
const DRAIN_MS = 5;

export interface RoundContext {
  readonly self: ParticipantId;
  readonly sid: Sid;
  readonly offer: Offer;
  readonly task: Task;
  readonly examples: Examples;
  readonly shard: ShardReference;
  readonly policy: ClientPolicy;
}

export interface RoundListener {
  send(message: ToCoordinator): void;
  /** Bytes that were sent and have not left yet. */
  bufferedBytes(): number;
  changed(): void;
  /** The machine is at its end; called once. */
  ended(): void;
}

export class ParticipantRound {
  readonly #context: RoundContext;
  readonly #ports: ParticipantPorts;
  readonly #listener: RoundListener;
  readonly #training = new AbortController();
  #state: ClientState;
  #progress: BatchProgress | null = null;
  #percentSent = 0;
  #update: Uint32Array | null = null;
  #keys: KeyPair | null = null;
  #meanLoss: number | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(context: RoundContext, ports: ParticipantPorts, listener: RoundListener) {
    this.#context = context;
    this.#ports = ports;
    this.#listener = listener;
    const { self, sid, offer, task, policy } = context;
    const first = begin(self, sid, offer, task, policy);
    this.#state = first.state;
    this.#apply(first);
  }

  get state(): ClientState {
    return this.#state;
  }

  get offer(): Offer {
    return this.#context.offer;
  }

  get sid(): Sid {
    return this.#context.sid;
  }

  /** The newest batch; null before the first. */
  get progress(): BatchProgress | null {
    return this.#progress;
  }

  /** Own mean loss of the last epoch; null before training has finished. */
  get meanLoss(): number | null {
    return this.#meanLoss;
  }

  take(event: ClientEvent): void {
    if (isOver(this.#state)) return;
    this.#apply(step(this.#state, event));
  }

  #apply(next: ClientStep): void {
    this.#state = next.state;
    for (const effect of next.effects) this.#perform(effect);
    this.#listener.changed();
    if (isOver(next.state)) this.#listener.ended();
  }

  /** Work that answers later runs on its own; its answer is dropped where the round is over by then. */
  #perform(effect: ClientEffect): void {
    const sid = hexToBytes(this.#context.sid);
    switch (effect.kind) {
      case 'send-accept':
        return this.#listener.send({ kind: 'accept', sid });
      case 'send-decline':
        return this.#listener.send({ kind: 'decline', sid, reason: effect.reason });
      case 'send-progress':
        return this.#listener.send({ kind: 'progress', sid, percent: effect.percent });
      case 'send-advertise':
        return this.#listener.send({ kind: 'advertise', sid, maskKey: hexToBytes(effect.maskKey) });
      case 'start-timer':
        this.#cancelTimer?.();
        this.#cancelTimer = this.#ports.clock.after(effect.ms, () => this.take({ kind: 'deadline' }));
        return;
      case 'cancel-timer':
        this.#cancelTimer?.();
        this.#cancelTimer = null;
        return;
      case 'train':
        return void this.#train().then((event) => this.take(event));
      case 'make-key':
        // The machine is told after it has taken this step.
        return void Promise.resolve().then(() => this.#makeKey());
      case 'mask':
        return void this.#mask(effect.entries).then((event) => this.take(event));
      case 'upload':
        return void this.#upload().then(() => this.take({ kind: 'uploaded' }));
      case 'erase-secrets':
        return this.#erase();
      case 'report-fault':
        return;
      default:
        return unreachable(effect);
    }
  }

  async #train(): Promise<ClientEvent> {
    const { offer, task, examples, shard } = this.#context;
    const parameters = await this.#fetchModel();
    if (!parameters.ok) return { kind: 'model-unavailable' };
    const job = {
      task,
      training: offer.training,
      parameters: parameters.value,
      examples,
      // The attempt belongs to it: what was trained for an aborted one is never trained again bit for bit.
      shuffleLabel: `${offer.seed} round ${offer.round}.${offer.attempt} shard ${shard.index}/${shard.of}`,
      signal: this.#training.signal,
      onBatch: (progress: BatchProgress) => this.#onBatch(progress),
    };
    // A backend that breaks (out of memory, a lost device) costs this attempt, not the participant.
    const trained = await this.#ports.trainer
      .train(job)
      .catch((error: unknown) => fail<TrainFault>({ code: 'backend', detail: String(error) }));
    if (!trained.ok) return { kind: 'training-failed' };
    const { delta, examples: weight, loss } = trained.value;
    const words = quantizeUpdate(delta, weight, quantizationTerms(offer));
    delta.fill(0);
    if (!words.ok) return { kind: 'training-failed' };
    if (isOver(this.#state)) {
      words.value.fill(0);
      return { kind: 'training-failed' };
    }
    this.#meanLoss = loss;
    this.#update = words.value;
    return { kind: 'trained' };
  }

  async #fetchModel(): Promise<Result<Float32Array, string>> {
    const hash = modelHashOfBytes(this.#context.offer.modelHash);
    const bytes = await this.#ports.model.fetch(hash);
    if (!bytes.ok) return fail(bytes.fault.detail);
    const parameters = parametersOfBytes(bytes.value, hash, parameterCount(this.#context.task.model));
    return parameters.ok ? ok(parameters.value) : parameters;
  }

  #onBatch(progress: BatchProgress): void {
    if (isOver(this.#state)) return;
    this.#progress = progress;
    const percent = Math.floor((100 * progress.batch) / progress.batches);
    // A step of five is news enough for the coordinator; every batch is for the page.
    if (percent >= this.#percentSent + 5) {
      this.#percentSent = percent;
      this.take({ kind: 'progress', percent });
    } else this.#listener.changed();
  }

  #makeKey(): void {
    if (isOver(this.#state)) return;
    this.#keys = generateKeyPair(this.#ports.random);
    this.take({ kind: 'keyed', maskKey: bytesToHex(this.#keys.publicKey) });
  }

  async #mask(entries: readonly RosterEntry[]): Promise<ClientEvent> {
    const { sid, self } = this.#context;
    invariant(this.#keys && this.#update, 'keys and update are there when a roster is masked for');
    const terms = maskTerms(sid, entries, self, this.#keys.secretKey);
    for (let peer = 0; peer < entries.length; peer++) {
      if (peer === terms.selfIndex) continue;
      await this.#pause(0);
      if (this.#update === null) return { kind: 'mask-failed' };
      if (!maskWithPeer(this.#update, terms, peer).ok) return { kind: 'mask-failed' };
    }
    return { kind: 'masked' };
  }

  async #upload(): Promise<void> {
    invariant(this.#update, 'a masked update is there when it is sent');
    const sid = hexToBytes(this.#context.sid);
    const bytes = bytesOfWords(this.#update);
    const chunks = Math.ceil(bytes.length / UPLOAD_CHUNK_BYTES);
    for (let index = 0; index < chunks; index++) {
      while (this.#listener.bufferedBytes() > SEND_BUFFER_BYTES) await this.#pause(DRAIN_MS);
      if (isOver(this.#state)) return;
      const start = index * UPLOAD_CHUNK_BYTES;
      const chunk = new Uint8Array(bytes.subarray(start, start + UPLOAD_CHUNK_BYTES));
      this.#listener.send({ kind: 'masked', sid, index, chunks, bytes: chunk });
    }
    await this.#pause(0);
  }

  #pause = (ms: number) => new Promise<void>((resolve) => void this.#ports.clock.after(ms, resolve));

  #erase(): void {
    this.#training.abort();
    this.#update?.fill(0);
    this.#update = null;
    this.#keys?.secretKey.fill(0);
    this.#keys = null;
  }
}

export const isOver = (state: ClientState): boolean =>
  state.kind === 'done' || state.kind === 'aborted' || state.kind === 'left';
