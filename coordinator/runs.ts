/** All runs of this coordinator: created by an admin, found again after a restart. */
import { isRunId, type RunId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import { newestEvaluated, type RoundView, type RunSummary } from '#shared/protocol/api.ts';
import { runSettings } from '#shared/tasks/run.ts';
import { findTask } from '#shared/tasks/catalogue.ts';
import { modelHashOf } from '#shared/tasks/parameters.ts';
import type { Task } from '#shared/tasks/task.ts';
import * as v from 'valibot';
import { systemRandom } from '#shared/base/random.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import { lastingFragment } from '#shared/protocol/invitation.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import { randomText } from './access.ts';
import { createEvaluator, type Evaluator } from './evaluation/evaluator.ts';
import type { Logger } from './logger.ts';
import { startingModel } from './models/starting-model.ts';
import { Run, type RunPorts } from './run.ts';
import { schemaRefusal, settingsProblem } from './settings-refusal.ts';
import type { Ledger } from './store/ledger.ts';
import type { OpenRound, RunRecord, Store } from './store/port.ts';

export interface RunsOptions {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly tasks: readonly Task[];
  readonly demoFolder: string;
  /** Of this coordinator; here it is the admin's key as well, and invitations say so. */
  readonly signer: Signer;
  readonly suite: CryptoSuite;
  readonly logger: Logger;
  /** A participant whose socket closed may come back into its round within this time. */
  readonly graceMs: number;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #runs = new Map<RunId, Run>();
  readonly #evaluators = new Map<string, Evaluator>();

  private constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Attempts that a crash cut off are stored as aborted; runs that were going on go on. */
  static async open(options: RunsOptions): Promise<Runs> {
    const { store } = options;
    const cutOff = await store.openRounds();
    for (const open of cutOff) await store.abortRound(open.run, cutOffView(open));
    const runs = new Runs(options);
    for (const record of await store.runs()) {
      const run = await runs.#open(record);
      const open = cutOff.find((round) => round.run === record.id);
      if (open)
        await run.log(
          `The coordinator was restarted; round ${open.round}, attempt ${open.attempt} was aborted.`,
        );
    }
    return runs;
  }

  get(id: string): Run | undefined {
    return isRunId(id) ? this.#runs.get(id) : undefined;
  }

  /** A sentence naming the setting that is wrong. */
  async create(input: unknown): Promise<Result<Run, string>> {
    const parsed = v.safeParse(runSettings, input, { abortEarly: true });
    if (!parsed.success) return fail(schemaRefusal(input, parsed.issues[0], this.#options.tasks));
    const named = findTask(parsed.output.taskId, this.#options.tasks);
    if (!named.ok) return named;
    const start = await startingModel(parsed.output, named.value, this.#options.store);
    if (!start.ok) return start;
    const { task, model } = start.value;
    const problem = settingsProblem(parsed.output, task);
    if (problem !== null) return fail(problem);
    const id = randomText(12);
    invariant(isRunId(id), '12 random bytes make a run id');
    const record: RunRecord = {
      id,
      createdAt: new Date().toISOString(),
      task,
      settings: parsed.output,
      // Made in any case: where the admin keeps the key, it opens nothing.
      invitation: await lastingFragment(this.#options.signer, id, 'open', systemRandom(32)),
      state: 'waiting',
      endedBecause: null,
      modelHash: modelHashOf(model),
      initial: null,
    };
    await this.#options.store.createRun(record, model);
    return ok(await this.#open(record));
  }

  /** Newest first. */
  summaries(): RunSummary[] {
    return [...this.#runs.values()].toReversed().map((run) => {
      const view = run.view();
      const done = view.rounds.filter((round) => round.outcome === 'done');
      return {
        id: view.id,
        title: view.task.title,
        state: view.live.state,
        createdAt: view.createdAt,
        rounds: view.settings.rounds,
        completed: done.length,
        accuracy: newestEvaluated(view.rounds)?.accuracy ?? null,
      };
    });
  }

  /** The newest run that is not over. */
  newestOpen(): Run | undefined {
    return [...this.#runs.values()].findLast((run) => !run.isOver);
  }

  async #open(record: RunRecord): Promise<Run> {
    const { store, ledger, signer, suite, logger, graceMs } = this.#options;
    const evaluator = this.#evaluatorOf(record.task);
    const ports: RunPorts = { store, ledger, signer, suite, logger, graceMs, evaluator };
    const run = await Run.open(record, ports);
    this.#runs.set(record.id, run);
    return run;
  }

  /** One thread a task, however many runs. */
  #evaluatorOf(task: Task): Evaluator {
    const known = this.#evaluators.get(task.id);
    if (known) return known;
    const evaluator = createEvaluator({ task, dataFolder: this.#options.demoFolder });
    this.#evaluators.set(task.id, evaluator);
    return evaluator;
  }

  async close(): Promise<void> {
    for (const run of this.#runs.values()) run.close();
    await Promise.all([...this.#evaluators.values()].map((evaluator) => evaluator.close()));
  }
}

const cutOffView = (open: OpenRound): RoundView => ({
  round: open.round,
  attempt: open.attempt,
  sid: open.sid,
  outcome: 'aborted',
  abortCode: 'coordinator-restarted',
  invited: open.invited,
  declined: 0,
  dropped: 0,
  participants: 0,
  accuracy: null,
  loss: null,
  detail: null,
  bytesPerTab: 0,
  pairsDirect: 0,
  pairsRelayed: 0,
  epsilon: null,
  seconds: 0,
  modelHash: null,
  sumHash: null,
  endedAt: new Date().toISOString(),
});
