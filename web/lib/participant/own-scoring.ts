/**
 * A published model against this tab's own data, at the person's wish: in the worker, in batches, one model at a time.
 * The data are those that this browser keeps already, and what comes out goes to the page alone.
 */
import type { ModelHash } from '#shared/base/ids.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { Examples } from '#shared/data/examples.ts';
import type { ShardFault, ShardReference } from '#shared/data/shards.ts';
import type { ModelPort } from '#shared/participant/ports.ts';
import type { ParticipantView } from '#shared/participant/view.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { parametersOfBytes } from '#shared/tasks/parameters.ts';
import type { Task } from '#shared/tasks/task.ts';
import type { OwnScore } from './channel.ts';
import type { tabTrainer } from './tab-trainer.ts';

interface ScoringPorts {
  /** Of what this browser keeps already (tab-ports). */
  readonly keptShard: (task: Task, shard: ShardReference) => Promise<Result<Examples, ShardFault>>;
  readonly model: ModelPort;
  readonly trainer: () => Promise<Pick<typeof tabTrainer, 'start' | 'evaluate'>>;
}

/** What of a participant's view says which data are its own. */
type Owner = Pick<ParticipantView, 'task' | 'shard' | 'dataKept'>;

export class OwnScoring {
  readonly #ports: ScoringPorts;
  readonly #onScore: (score: OwnScore) => void;
  #running: AbortController | null = null;

  constructor(ports: ScoringPorts, onScore: (score: OwnScore) => void) {
    this.#ports = ports;
    this.#onScore = onScore;
  }

  /** Nothing while another is under way. */
  async start(owner: Owner | null, model: ModelHash): Promise<void> {
    if (this.#running !== null) return;
    const running = new AbortController();
    this.#running = running;
    this.#onScore({ kind: 'scoring' });
    const score = await this.#score(owner, model, running.signal).catch((error: unknown) =>
      fail(`The model could not be scored: ${error instanceof Error ? error.message : String(error)}`),
    );
    this.#running = null;
    if (running.signal.aborted) this.#onScore({ kind: 'cancelled' });
    else this.#onScore(score.ok ? score.value : { kind: 'failed', detail: score.fault });
  }

  /** After the batch in hand. */
  cancel(): void {
    this.#running?.abort();
  }

  async #score(
    owner: Owner | null,
    model: ModelHash,
    signal: AbortSignal,
  ): Promise<Result<OwnScore, string>> {
    if (owner === null || owner.task === null || owner.shard === null || !owner.dataKept)
      return fail('This tab has no data of yours now. Take part again to load them.');
    const { task, shard } = owner;
    const examples = await this.#ports.keptShard(task, shard);
    if (!examples.ok) return fail(`Your data could not be read: ${examples.fault.detail}`);
    const bytes = await this.#ports.model.fetch(model);
    if (!bytes.ok) return fail(`The model could not be fetched: ${bytes.fault.detail} Try again.`);
    const parameters = parametersOfBytes(bytes.value, model, parameterCount(task.model));
    if (!parameters.ok) return fail(`The model is not the one that was asked for: ${parameters.fault}.`);
    const trainer = await this.#ports.trainer();
    const started = await trainer.start();
    if (!started.ok) return fail(`This device cannot score a model: ${started.fault.detail}`);
    signal.throwIfAborted();
    const evaluation = await trainer.evaluate(task.model, parameters.value, examples.value, signal);
    return ok({ kind: 'scored', model, examples: examples.value.count, evaluation });
  }
}
