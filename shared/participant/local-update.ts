/** A participant's update of one attempt: trained, quantized, masked in place by its owner, packed; then zeroed. */
import type { Sid } from '../base/ids.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Examples } from '../data/examples.ts';
import type { ShardReference } from '../data/shards.ts';
import { packLanes } from '../numeric/pack.ts';
import type { Offer } from '../protocol/messages/directions.ts';
import type { ClientEvent } from '../round/client/types.ts';
import { vectorBits, vectorOfUpdate } from '../round/vector.ts';
import { parameterCount } from '../tasks/layout.ts';
import { parametersOfBytes } from '../tasks/parameters.ts';
import type { Task } from '../tasks/task.ts';
import { fateOf, withinOffer, type UpdateFate } from './own-update.ts';
import type { BatchProgress, ParticipantPorts, TrainFault } from './ports.ts';
import { modelHashOfBytes } from './round-events.ts';

export interface UpdateContext {
  readonly sid: Sid;
  readonly offer: Offer;
  readonly task: Task;
  readonly examples: Examples;
  readonly shard: ShardReference;
}

export class LocalUpdate {
  readonly #context: UpdateContext;
  readonly #ports: ParticipantPorts;
  readonly #onBatch: () => void;
  readonly #training = new AbortController();
  #words: Uint32Array | null = null;
  #packed: Uint8Array<ArrayBuffer> | null = null;
  #progress: BatchProgress | null = null;
  #meanLoss: number | null = null;
  #fate: UpdateFate | null = null;

  constructor(context: UpdateContext, ports: ParticipantPorts, onBatch: () => void) {
    this.#context = context;
    this.#ports = ports;
    this.#onBatch = onBatch;
  }

  /** Ring words, [vectorWords]; null before training, and once they are packed. */
  get words(): Uint32Array | null {
    return this.#words;
  }

  /** Masked lanes as they go out. */
  get packed(): Uint8Array<ArrayBuffer> | null {
    return this.#packed;
  }

  /** W. */
  get laneBits(): number {
    return vectorBits(this.#context.offer);
  }

  get progress(): BatchProgress | null {
    return this.#progress;
  }

  get meanLoss(): number | null {
    return this.#meanLoss;
  }

  /** What became of it, other than being sent as it is. */
  get fate(): UpdateFate | null {
    return this.#fate;
  }

  async train(): Promise<ClientEvent> {
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
      onBatch: (progress: BatchProgress) => {
        this.#progress = progress;
        this.#onBatch();
      },
    };
    // A backend that breaks (out of memory, a lost device) costs this attempt, not the participant.
    const trained = await this.#ports.trainer
      .train(job)
      .catch((error: unknown) => fail<TrainFault>({ code: 'backend', detail: String(error) }));
    const usable = withinOffer(trained, offer);
    this.#fate = fateOf(usable, offer);
    const outcome = usable.ok ? usable.value : null;
    const { random, suite } = this.#ports;
    const words = vectorOfUpdate(outcome, this.#context, { random, prg: suite.prg });
    if (trained.ok) trained.value.delta.fill(0);
    if (!words.ok) return { kind: 'training-failed' };
    if (this.#training.signal.aborted) {
      words.value.fill(0);
      return { kind: 'training-failed' };
    }
    this.#meanLoss = outcome?.loss ?? null;
    this.#words = words.value;
    return { kind: 'trained' };
  }

  /** The words are masked: W bits a lane go out, and the words are zeroed. */
  pack(): void {
    if (this.#words === null) return;
    this.#packed = packLanes(this.#words, this.laneBits);
    this.#words.fill(0);
    this.#words = null;
  }

  /** Stops training, too. */
  erase(): void {
    this.#training.abort();
    this.#words?.fill(0);
    this.#words = null;
    this.#packed = null;
  }

  async #fetchModel(): Promise<Result<Float32Array, string>> {
    const hash = modelHashOfBytes(this.#context.offer.modelHash);
    const bytes = await this.#ports.model.fetch(hash);
    if (!bytes.ok) return fail(bytes.fault.detail);
    const parameters = parametersOfBytes(bytes.value, hash, parameterCount(this.#context.task.model));
    return parameters.ok ? ok(parameters.value) : parameters;
  }
}
