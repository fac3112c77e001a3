/**
 * One run: who is here, which attempt is under way, what comes next. The schedule (round/schedule) and the
 * round machine decide; this class connects them with participants, store, evaluation and feed.
 */
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import type { ModelHash, ParticipantId } from '#shared/base/ids.ts';
import { invariant, unreachable } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { AdminRunView, LiveView, Phase, RoundView, RunState, RunView } from '#shared/protocol/api.ts';
import { encodeMessage } from '#shared/protocol/codec.ts';
import { AUXILIARY_LANES, MAX_COHORT } from '#shared/protocol/limits.ts';
import type { Offer, ToCoordinator, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { sidOfOffer } from '#shared/protocol/transcript.ts';
import { cohortCounts } from '#shared/round/coordinator/cohort.ts';
import { decideRun } from '#shared/round/schedule.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { parametersOfBytes } from '#shared/tasks/parameters.ts';
import type { Evaluator } from './evaluation/evaluator.ts';
import { Participants, type Connection, type Participant } from './participants.ts';
import { RoundDriver } from './round-driver.ts';
import { RunFeed } from './run-feed.ts';
import type { RunRecord, Store } from './store/port.ts';

export interface RunPorts {
  readonly store: Store;
  readonly evaluator: Evaluator;
  /** Ed25519 public key of this coordinator, 32 bytes. */
  readonly coordinatorKey: Uint8Array<ArrayBuffer>;
  warn(message: string, error: unknown): void;
}

type RoundMessage = Extract<ToCoordinator, { sid: unknown }>;

export class Run {
  readonly feed = new RunFeed();
  readonly #ports: RunPorts;
  readonly #participants: Participants;
  readonly #rounds: RoundView[];
  readonly #log: { at: string; text: string }[];
  #record: RunRecord;
  #parameters: Float32Array<ArrayBuffer>;
  #driver: RoundDriver | null = null;
  #stopRequested = false;
  #attempted = false;
  #startedAtMs = performance.now();
  #recheck: NodeJS.Timeout | null = null;

  private constructor(
    record: RunRecord,
    parameters: Float32Array<ArrayBuffer>,
    rounds: RoundView[],
    log: { at: string; text: string }[],
    ports: RunPorts,
  ) {
    this.#record = record;
    this.#parameters = parameters;
    this.#rounds = rounds;
    this.#log = log;
    this.#ports = ports;
    this.#participants = new Participants(record.settings.clients);
  }

  /** From the store: at creation, and after a restart. What was never evaluated is evaluated now. */
  static async open(record: RunRecord, ports: RunPorts): Promise<Run> {
    const { store } = ports;
    const bytes = await store.model(record.modelHash);
    invariant(bytes, 'a run has its model in the store');
    const parameters = parametersOfBytes(bytes, record.modelHash, parameterCount(record.task.model));
    if (!parameters.ok) throw new Error(`The store is damaged: ${parameters.fault}.`);
    const [rounds, log] = [await store.rounds(record.id), await store.log(record.id)];
    const run = new Run(record, parameters.value, rounds, log, ports);
    if (record.initial === null && rounds.length === 0) void run.#evaluateInitial();
    for (const round of rounds)
      if (round.outcome === 'done' && round.accuracy === null) void run.#evaluateRound(round);
    return run;
  }

  get record(): RunRecord {
    return this.#record;
  }

  get isOver(): boolean {
    return this.#record.state !== 'waiting' && this.#record.state !== 'running';
  }

  get joinPath(): string {
    return `/join/${this.#record.id}#${this.#record.invitation}`;
  }

  // ── the admin ─────────────────────────────────────────────────────────────────────────────────

  /** False where the run was started before. */
  async start(): Promise<boolean> {
    if (this.#record.state !== 'waiting') return false;
    await this.#setState('running', null);
    this.#startedAtMs = performance.now();
    await this.log('Started. The first round begins when enough participants are here.');
    this.#decide();
    return true;
  }

  /** False where the run is over. A sum that is being opened is opened; everything else is aborted. */
  async stop(): Promise<boolean> {
    if (this.isOver) return false;
    this.#stopRequested = true;
    await this.log('The admin asked to stop.');
    if (this.#driver) this.#driver.take({ kind: 'stop' });
    else this.#decide();
    return true;
  }

  // ── participants ──────────────────────────────────────────────────────────────────────────────

  /** Null where no more participants are taken. */
  join(
    id: ParticipantId,
    connection: Connection,
    held: { readonly index: number; readonly of: number } | null,
  ): Participant | null {
    if (this.#participants.size >= MAX_COHORT) return null;
    const participant = this.#participants.join(id, connection, held);
    const { task, settings } = this.#record;
    connection.send({
      kind: 'welcome',
      coordinatorKey: this.#ports.coordinatorKey,
      task,
      shard: { index: participant.shard, of: settings.clients },
      rounds: settings.rounds,
      minCohort: settings.minCohort,
    });
    this.#participantsChanged();
    return participant;
  }

  has(id: ParticipantId): boolean {
    return this.#participants.get(id) !== undefined;
  }

  /** A message of a participant that has joined; `frameBytes` is its size on the wire. */
  receive(
    participant: Participant,
    message: Exclude<ToCoordinator, { kind: 'hello' }>,
    frameBytes: number,
  ): void {
    switch (message.kind) {
      case 'ready':
        if (participant.status === 'loading') {
          participant.backend = message.backend;
          participant.status = 'waiting';
          this.#participantsChanged();
          this.#decide();
        }
        return;
      case 'leave':
        participant.connection.close();
        return this.leave(participant);
      default:
        return this.#receiveInRound(participant, message, frameBytes);
    }
  }

  /** The connection is gone. */
  leave(participant: Participant): void {
    if (this.#participants.get(participant.id) !== participant) return;
    this.#participants.remove(participant.id);
    this.#driver?.take({ kind: 'gone', from: participant.id });
    this.#participantsChanged();
    this.#decide();
  }

  #receiveInRound(participant: Participant, message: RoundMessage, frameBytes: number): void {
    const driver = this.#driver;
    const from = participant.id;
    if (driver === null || bytesToHex(message.sid) !== driver.plan.sid)
      // It may have been on its way when the attempt ended.
      return participant.connection.send({
        kind: 'fault',
        code: 'unknown-sid',
        detail: `A message ${message.kind} is for no round that is under way.`,
        closing: false,
      });
    driver.count(from, frameBytes);
    switch (message.kind) {
      case 'accept':
        participant.status = 'training';
        participant.progressPercent = 0;
        return driver.take({ kind: 'accept', from });
      case 'decline':
        participant.status = 'waiting';
        return driver.take({ kind: 'decline', from, reason: message.reason });
      case 'progress':
        participant.progressPercent = message.percent;
        return driver.take({ kind: 'progress', from, percent: message.percent });
      case 'advertise':
        participant.status = 'trained';
        participant.progressPercent = 100;
        return driver.take({
          kind: 'advertise',
          from,
          maskKey: bytesToHex(message.maskKey),
        });
      case 'masked':
        return driver.take({ kind: 'masked', from, chunk: message });
      default:
        return unreachable(message);
    }
  }

  #participantsChanged(): void {
    const [here, needed] = [this.#participants.ready().length, this.#needed()];
    for (const participant of this.#participants.all())
      if (participant.status !== 'loading' && this.#driver === null)
        participant.connection.send({ kind: 'room', here, needed });
    this.#publish();
  }

  #publish(): void {
    this.feed.publishSoon('live', () => ({ kind: 'live', live: this.#live() }));
    this.feed.publishSoon('participants', () => ({
      kind: 'participants',
      participants: this.#participants.views(),
    }));
  }

  #needed(): number {
    const { clients, minCohort } = this.#record.settings;
    return this.#attempted ? minCohort : clients;
  }

  // ── rounds ────────────────────────────────────────────────────────────────────────────────────

  /** What the schedule says next; asked after every change. */
  #decide(): void {
    if (this.#driver !== null || (this.#record.state !== 'running' && !this.#stopRequested) || this.isOver)
      return;
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#recheck = null;
    const completed = this.#completed();
    const decision = decideRun({
      settings: this.#record.settings,
      ready: this.#participants.ready().length,
      attempted: this.#attempted,
      sinceStartMs: performance.now() - this.#startedAtMs,
      completed,
      consecutiveAborts: this.#consecutiveAborts(),
      stopRequested: this.#stopRequested,
    });
    switch (decision.kind) {
      case 'wait':
        if (decision.retryInMs !== null) this.#recheck = setTimeout(() => this.#decide(), decision.retryInMs);
        return this.#publish();
      case 'finish':
        return void this.#finish(decision.outcome, decision.because).catch((error: unknown) =>
          this.#fail(error),
        );
      case 'offer':
        return this.#offerRound(completed + 1);
      default:
        return unreachable(decision);
    }
  }

  #completed = () => this.#rounds.filter((round) => round.outcome === 'done').length;

  #consecutiveAborts(): number {
    const last = this.#rounds.findLastIndex((round) => round.outcome === 'done');
    return this.#rounds.slice(last + 1).filter((round) => round.abortCode !== 'coordinator-restarted').length;
  }

  #offerRound(round: number): void {
    const { task, settings, id, modelHash } = this.#record;
    const invited = this.#participants.ready();
    const attempt = 1 + this.#rounds.filter((ended) => ended.round === round).length;
    const vectorWords = parameterCount(task.model) + AUXILIARY_LANES;
    const offer: Offer = {
      kind: 'offer',
      run: id,
      round,
      attempt,
      nonce: new Uint8Array(systemRandom(32)),
      modelHash: hexToBytes(modelHash),
      taskId: task.id,
      training: settings.training ?? task.training,
      quantization: task.quantization,
      weightMax: task.weightMax,
      invited: invited.length,
      minCohort: settings.minCohort,
      vectorWords,
      seed: settings.seed,
      durationsMs: settings.durationsMs,
    };
    const sid = sidOfOffer(encodeMessage(offer), this.#ports.coordinatorKey);
    const plan = {
      sid,
      round,
      attempt,
      modelHash,
      invited: invited.map((participant) => participant.id),
      minCohort: settings.minCohort,
      vectorWords,
      durationsMs: settings.durationsMs,
    };
    this.#attempted = true;
    this.#driver = new RoundDriver(plan, offer, this.#parameters, {
      begin: async () => {
        await this.#ports.store.openRound({ run: id, round, attempt, sid, invited: invited.length });
        for (const participant of invited) participant.connection.send(offer);
        await this.log(
          `Round ${round}${attempt > 1 ? `, attempt ${attempt}` : ''}: offered to ${invited.length}.`,
        );
      },
      send: (to, message) => this.#participants.get(to)?.connection.send(message),
      expel: (from) => {
        const participant = this.#participants.get(from);
        participant?.connection.close();
        if (participant) this.leave(participant);
      },
      uploaded: (from) => {
        const participant = this.#participants.get(from);
        if (participant) participant.status = 'uploaded';
      },
      commit: (view, model) => this.#ports.store.commitRound(id, view, model),
      abort: async (view, detail) => {
        await this.#ports.store.abortRound(id, view);
        await this.log(`Round ${round}, attempt ${attempt} was aborted: ${detail}`);
      },
      changed: () => this.#publish(),
      ended: (view, parameters) => this.#roundEnded(view, parameters),
      failed: (error) => this.#fail(error),
    });
  }

  #roundEnded(view: RoundView, parameters: Float32Array<ArrayBuffer> | null): void {
    this.#driver = null;
    this.#rounds.push(view);
    for (const participant of this.#participants.ready()) participant.status = 'waiting';
    if (view.modelHash !== null && parameters !== null) {
      this.#record = { ...this.#record, modelHash: view.modelHash };
      this.#parameters = parameters;
      void this.#evaluateRound(view);
    }
    this.feed.publish({ kind: 'round', round: view, modelHash: this.#record.modelHash });
    this.#decide();
  }

  async #finish(outcome: 'done' | 'stopped' | 'failed', because: string | null): Promise<void> {
    if (this.isOver) return;
    await this.#setState(outcome, because);
    const rounds = this.#completed();
    await this.log(because ?? `All ${rounds} rounds are done.`);
    this.feed.publish({ kind: 'ended', endedBecause: because });
    for (const participant of this.#participants.all()) {
      participant.connection.send(this.finishedMessage());
      participant.connection.close();
    }
  }

  /** How the run ended, for those who were here and those who come back. */
  finishedMessage(): ToParticipant {
    const { state, modelHash } = this.#record;
    invariant(state !== 'waiting' && state !== 'running', 'the run is over');
    return { kind: 'finished', outcome: state, rounds: this.#completed(), modelHash: hexToBytes(modelHash) };
  }

  /** The store failed or there is a bug: nothing more is promised to participants of this run. */
  #fail(error: unknown): void {
    this.#ports.warn(`run ${this.#record.id} cannot go on`, error);
    this.#driver?.dispose();
    this.#driver = null;
    const because = 'The coordinator met an error of its own and cannot go on; its log says more.';
    this.#finish('failed', because).catch((again: unknown) =>
      this.#ports.warn('and could not store that', again),
    );
  }

  async #setState(state: RunState, endedBecause: string | null): Promise<void> {
    await this.#ports.store.setRunState(this.#record.id, state, endedBecause);
    this.#record = { ...this.#record, state, endedBecause };
    this.#publish();
  }

  // ── evaluation: beside the rounds, never in their way ─────────────────────────────────────────

  async #evaluateInitial(): Promise<void> {
    try {
      const initial = await this.#ports.evaluator.evaluate(this.#parameters);
      this.#record = { ...this.#record, initial };
      await this.#ports.store.setInitial(this.#record.id, initial);
      this.feed.publish({ kind: 'initial', initial });
    } catch (error) {
      this.#ports.warn('the initial model was not evaluated', error);
    }
  }

  async #evaluateRound(view: RoundView): Promise<void> {
    try {
      invariant(view.modelHash, 'a round that is done has a model');
      const parameters = await this.#modelOf(view.modelHash);
      const evaluated: RoundView = { ...view, ...(await this.#ports.evaluator.evaluate(parameters)) };
      const index = this.#rounds.findIndex((round) => round.sid === view.sid);
      this.#rounds[index] = evaluated;
      await this.#ports.store.updateRound(this.#record.id, evaluated);
      this.feed.publish({ kind: 'round', round: evaluated, modelHash: this.#record.modelHash });
    } catch (error) {
      this.#ports.warn(`round ${view.round} was not evaluated`, error);
    }
  }

  async #modelOf(hash: ModelHash): Promise<Float32Array<ArrayBuffer>> {
    if (hash === this.#record.modelHash) return this.#parameters;
    const bytes = await this.#ports.store.model(hash);
    invariant(bytes, 'a committed model is in the store');
    const parameters = parametersOfBytes(bytes, hash, parameterCount(this.#record.task.model));
    invariant(parameters.ok, 'a committed model is whole');
    return parameters.value;
  }

  // ── what pages see ────────────────────────────────────────────────────────────────────────────

  async log(text: string): Promise<void> {
    const entry = { at: new Date().toISOString(), text };
    this.#log.push(entry);
    this.feed.publish({ kind: 'log', entry });
    await this.#ports.store.appendLog(this.#record.id, entry);
  }

  view(): RunView {
    const { id, createdAt, task, settings, modelHash, initial, endedBecause } = this.#record;
    return {
      id,
      createdAt,
      task,
      settings,
      parameters: parameterCount(task.model),
      modelHash,
      initial,
      endedBecause,
      live: this.#live(),
      rounds: [...this.#rounds],
      log: [...this.#log],
    };
  }

  adminView(): AdminRunView {
    return { run: this.view(), joinPath: this.joinPath, participants: this.#participants.views() };
  }

  #live(): LiveView {
    const state = this.#driver?.state;
    const inRound = this.#participants.all().filter((participant) => participant.status !== 'waiting');
    const percent = inRound.reduce((sum, { progressPercent }) => sum + progressPercent, 0);
    return {
      state: this.#record.state,
      here: this.#participants.ready().length,
      needed: this.#needed(),
      round: this.#driver?.plan.round ?? null,
      attempt: this.#driver?.plan.attempt ?? null,
      phase: this.isOver ? null : phaseOf(state?.kind),
      cohort: state ? cohortCounts(state) : { invited: 0, training: 0, trained: 0, uploaded: 0 },
      progressPercent: state && inRound.length > 0 ? percent / inRound.length : 0,
    };
  }

  close(): void {
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#driver?.dispose();
    this.feed.close();
  }
}

function phaseOf(state: RoundDriver['state']['kind'] | undefined): Phase {
  if (state === undefined || state === 'done' || state === 'aborted') return 'gathering';
  return state;
}
