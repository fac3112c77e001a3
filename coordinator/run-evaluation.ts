/** Evaluates a run's models beside its rounds, never in their way: what fails is logged, and the run goes on. */
import type { ModelHash } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { RoundView } from '#shared/protocol/api.ts';
import type { Evaluation } from '#shared/tasks/evaluation.ts';
import type { Evaluator } from './evaluation/evaluator.ts';
import type { Logger } from './logger.ts';
import type { RunJournal } from './run-journal.ts';

export class RunEvaluation {
  readonly #journal: RunJournal;
  readonly #evaluator: Evaluator;
  readonly #logger: Logger;
  #closed = false;

  constructor(
    journal: RunJournal,
    { evaluator, logger }: { readonly evaluator: Evaluator; readonly logger: Logger },
  ) {
    this.#journal = journal;
    this.#evaluator = evaluator;
    this.#logger = logger;
  }

  /** What was never evaluated: the initial model of a new run, and rounds that a restart cut off from it. */
  async catchUp(): Promise<void> {
    const { record, rounds } = this.#journal;
    const done = rounds.filter((round) => round.outcome === 'done');
    // The initial model is known by its hash only as long as it is the newest.
    if (record.initial === null && done.length === 0) await this.#initial(record.modelHash);
    for (const round of done) if (round.accuracy === null) await this.round(round);
  }

  async #initial(hash: ModelHash): Promise<void> {
    const evaluation = await this.#evaluate(hash, 'The initial model');
    if (evaluation !== null) await this.#journal.setInitial(evaluation);
  }

  async round(view: RoundView): Promise<void> {
    invariant(view.modelHash, 'a round that is done has a model');
    const evaluation = await this.#evaluate(view.modelHash, `The model of round ${view.round}`);
    if (evaluation !== null) await this.#journal.setEvaluation(view, evaluation);
  }

  close(): void {
    this.#closed = true;
  }

  /** Null where it failed, which costs a number on a page and nothing else. */
  async #evaluate(hash: ModelHash, what: string): Promise<Evaluation | null> {
    try {
      const parameters = await this.#journal.modelOf(hash);
      return this.#closed ? null : await this.#evaluator.evaluate(parameters);
    } catch (error) {
      if (this.#closed) return null;
      this.#logger.warn(`a model of run ${this.#journal.id} was not evaluated`, error);
      await this.#journal.log(`${what} could not be evaluated; the coordinator's own log says why.`);
      return null;
    }
  }
}
