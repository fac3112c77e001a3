/** What is stored of one run, and the same in memory: its record, newest model, ended attempts and log. */
import { hexToBytes } from '#shared/base/bytes.ts';
import type { ModelHash, RunId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { LiveView, LogEntry, RoundView, RunState, RunView } from '#shared/protocol/api.ts';
import type { ToParticipant } from '#shared/protocol/messages/directions.ts';
import type { RoundPlan } from '#shared/round/coordinator/types.ts';
import type { Evaluation } from '#shared/tasks/evaluation.ts';
import type { RunSettings } from '#shared/tasks/run.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { parametersOfBytes } from '#shared/tasks/parameters.ts';
import type { Logger } from './logger.ts';
import type { RunFeed } from './run-feed.ts';
import type { RunRecord, Store } from './store/port.ts';

interface JournalPorts {
  readonly store: Store;
  readonly logger: Logger;
}

export class RunJournal {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #feed: RunFeed;
  readonly #rounds: RoundView[];
  readonly #log: LogEntry[];
  #record: RunRecord;
  #parameters: Float32Array<ArrayBuffer>;

  private constructor(
    record: RunRecord,
    parameters: Float32Array<ArrayBuffer>,
    rounds: RoundView[],
    log: LogEntry[],
    { store, logger }: JournalPorts,
    feed: RunFeed,
  ) {
    this.#record = record;
    this.#parameters = parameters;
    this.#rounds = rounds;
    this.#log = log;
    this.#store = store;
    this.#logger = logger;
    this.#feed = feed;
  }

  /** Throws where the stored model is damaged. */
  static async open(record: RunRecord, ports: JournalPorts, feed: RunFeed): Promise<RunJournal> {
    const { store } = ports;
    const parameters = await storedModel(store, record, record.modelHash);
    const [rounds, log] = [await store.rounds(record.id), await store.log(record.id)];
    return new RunJournal(record, parameters, rounds, log, ports, feed);
  }

  get id(): RunId {
    return this.#record.id;
  }

  get record(): RunRecord {
    return this.#record;
  }

  /** The newest model, [d]. */
  get parameters(): Float32Array<ArrayBuffer> {
    return this.#parameters;
  }

  /** Ended attempts in the order they ended. */
  get rounds(): readonly RoundView[] {
    return this.#rounds;
  }

  get isOver(): boolean {
    return this.#record.state !== 'waiting' && this.#record.state !== 'running';
  }

  /** Rounds with a model. */
  get completed(): number {
    return this.#rounds.filter((round) => round.outcome === 'done').length;
  }

  /** Since the last model; a restart is no fault of the run's. */
  get consecutiveAborts(): number {
    const last = this.#rounds.findLastIndex((round) => round.outcome === 'done');
    return this.#rounds.slice(last + 1).filter((round) => round.abortCode !== 'coordinator-restarted').length;
  }

  async setState(state: RunState, endedBecause: string | null): Promise<void> {
    await this.#store.setRunState(this.id, state, endedBecause);
    this.#record = { ...this.#record, state, endedBecause };
  }

  /** The new settings, what the log says of them and that the run goes on: all or nothing. */
  async extend(settings: RunSettings, text: string): Promise<void> {
    const entry = { at: new Date().toISOString(), text };
    await this.#store.extendRun(this.id, settings, entry);
    this.#record = { ...this.#record, settings, state: 'running', endedBecause: null };
    this.#logger.info(`run ${this.id}: ${text}`);
    this.#log.push(entry);
    this.#feed.publish({ kind: 'extended', settings });
    this.#feed.publish({ kind: 'log', entry });
  }

  async log(text: string): Promise<void> {
    const entry = { at: new Date().toISOString(), text };
    this.#logger.info(`run ${this.id}: ${text}`);
    this.#log.push(entry);
    this.#feed.publish({ kind: 'log', entry });
    await this.#store.appendLog(this.id, entry);
  }

  /** The attempt is stored as under way before anybody hears of it. */
  async openRound({ sid, round, attempt, invited }: RoundPlan): Promise<void> {
    await this.#store.openRound({ run: this.id, round, attempt, sid, invited: invited.length });
    await this.log(
      `Round ${round}${attempt > 1 ? `, attempt ${attempt}` : ''}: offered to ${invited.length}.`,
    );
  }

  /** From here on the masked sum may be opened; an abort does not unsay it. */
  async unmasking({ round, attempt }: RoundPlan, survivors: number): Promise<void> {
    const which = attempt > 1 ? `, attempt ${attempt}` : '';
    await this.log(`Round ${round}${which}: the masks of a sum of ${survivors} may come off from here on.`);
  }

  async commitRound(view: RoundView, model: Uint8Array): Promise<void> {
    await this.#store.commitRound(this.id, view, model);
    await this.log(
      `Round ${view.round}: the sum of ${view.participants} was opened and made the next model.`,
    );
  }

  async abortRound(view: RoundView, detail: string): Promise<void> {
    await this.#store.abortRound(this.id, view);
    await this.log(`Round ${view.round}, attempt ${view.attempt} was aborted: ${detail}`);
  }

  /** An attempt that is stored already has ended; `parameters` is its model, [d], null where it was aborted. */
  endRound(view: RoundView, parameters: Float32Array<ArrayBuffer> | null): void {
    this.#rounds.push(view);
    if (view.modelHash !== null && parameters !== null) {
      this.#record = { ...this.#record, modelHash: view.modelHash };
      this.#parameters = parameters;
    }
    this.#publishRound(view);
  }

  async setInitial(initial: Evaluation): Promise<void> {
    this.#record = { ...this.#record, initial };
    await this.#store.setInitial(this.id, initial);
    this.#feed.publish({ kind: 'initial', initial });
  }

  async setEvaluation(view: RoundView, evaluation: Evaluation): Promise<void> {
    const evaluated: RoundView = { ...view, ...evaluation };
    this.#rounds[this.#rounds.findIndex((round) => round.sid === view.sid)] = evaluated;
    await this.#store.updateRound(this.id, evaluated);
    this.#publishRound(evaluated);
  }

  /** `coordinatorKey` is hex. */
  view(live: LiveView, coordinatorKey: string): RunView {
    const { id, createdAt, task, settings, modelHash, initial, endedBecause } = this.#record;
    return {
      id,
      createdAt,
      coordinatorKey,
      task,
      settings,
      parameters: this.#parameters.length,
      modelHash,
      initial,
      endedBecause,
      live,
      rounds: [...this.#rounds],
      log: [...this.#log],
    };
  }

  /** How the run ended, for those who were here and those who come back. */
  finishedMessage(): ToParticipant {
    const { state, modelHash } = this.#record;
    invariant(state !== 'waiting' && state !== 'running', 'the run is over');
    return { kind: 'finished', outcome: state, rounds: this.completed, modelHash: hexToBytes(modelHash) };
  }

  /** A model that a round of this run made, [d]. */
  async modelOf(hash: ModelHash): Promise<Float32Array<ArrayBuffer>> {
    return hash === this.#record.modelHash ? this.#parameters : storedModel(this.#store, this.#record, hash);
  }

  #publishRound(round: RoundView): void {
    this.#feed.publish({ kind: 'round', round, modelHash: this.#record.modelHash });
  }
}

async function storedModel(
  store: Store,
  { task }: RunRecord,
  hash: ModelHash,
): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await store.model(hash);
  invariant(bytes, 'a run has its models in the store');
  const parameters = parametersOfBytes(bytes, hash, parameterCount(task.model));
  if (!parameters.ok) throw new Error(`The store is damaged: ${parameters.fault}.`);
  return parameters.value;
}
