/**
 * One run: who is here, which attempt is under way, what comes next. The schedule (round/schedule) and the
 * round machine decide; this class connects them with participants, journal, evaluation and feed.
 */
import type { ParticipantId } from '#shared/base/ids.ts';
import { unreachable } from '#shared/base/invariant.ts';
import type { ShardReference } from '#shared/data/shards.ts';
import type { AdminRunView, LiveView, RoundView, RunView } from '#shared/protocol/api.ts';
import { MAX_COHORT } from '#shared/protocol/limits.ts';
import type { ToCoordinator, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { standingOf } from '#shared/round/coordinator/cohort.ts';
import { decideRun } from '#shared/round/schedule.ts';
import type { Evaluator } from './evaluation/evaluator.ts';
import { liveView } from './live-view.ts';
import type { Logger } from './logger.ts';
import { composeOffering } from './offering.ts';
import { Participants, type Connection, type Participant } from './participants.ts';
import { RoundDriver } from './round-driver.ts';
import { receiveInRound } from './round-intake.ts';
import { RunEvaluation } from './run-evaluation.ts';
import { RunFeed } from './run-feed.ts';
import { RunJournal } from './run-journal.ts';
import type { RunRecord, Store } from './store/port.ts';

export interface RunPorts {
  readonly store: Store;
  readonly evaluator: Evaluator;
  /** Ed25519 public key of this coordinator, 32 bytes. */
  readonly coordinatorKey: Uint8Array<ArrayBuffer>;
  readonly logger: Logger;
}

export class Run {
  readonly feed: RunFeed;
  readonly #ports: RunPorts;
  readonly #journal: RunJournal;
  readonly #evaluation: RunEvaluation;
  readonly #participants: Participants;
  #driver: RoundDriver | null = null;
  #stopRequested = false;
  #finishing = false;
  #closed = false;
  #attempted = false;
  #startedAtMs = performance.now();
  #recheck: NodeJS.Timeout | null = null;

  private constructor(journal: RunJournal, feed: RunFeed, ports: RunPorts) {
    this.feed = feed;
    this.#journal = journal;
    this.#ports = ports;
    this.#evaluation = new RunEvaluation(journal, ports);
    this.#participants = new Participants(journal.record.settings.clients);
  }

  /** From the store: at creation, and after a restart. What was never evaluated is evaluated now. */
  static async open(record: RunRecord, ports: RunPorts): Promise<Run> {
    const feed = new RunFeed();
    const run = new Run(await RunJournal.open(record, ports, feed), feed, ports);
    void run.#evaluation.catchUp();
    // A crash may have come between the last round and the end of the run.
    run.#decide();
    return run;
  }

  get record(): RunRecord {
    return this.#journal.record;
  }

  get isOver(): boolean {
    return this.#journal.isOver;
  }

  get joinPath(): string {
    return `/join/${this.record.id}#${this.record.invitation}`;
  }

  /** False where the run was started before. */
  async start(): Promise<boolean> {
    if (this.record.state !== 'waiting') return false;
    await this.#journal.setState('running', null);
    this.#publish();
    this.#startedAtMs = performance.now();
    await this.log('Started. The first round begins when enough participants are here.');
    this.#decide();
    return true;
  }

  /** False where the run is over. A sum that is being opened is opened; everything else is aborted. */
  async stop(): Promise<boolean> {
    if (this.isOver) return false;
    if (this.#stopRequested) return true;
    this.#stopRequested = true;
    await this.log('The admin asked to stop.');
    if (this.#driver) this.#driver.take({ kind: 'stop' });
    else this.#decide();
    return true;
  }

  /** Null where no more participants are taken. */
  join(id: ParticipantId, connection: Connection, held: ShardReference | null): Participant | null {
    if (this.#participants.size >= MAX_COHORT) return null;
    const participant = this.#participants.join(id, connection, held);
    const { task, settings } = this.record;
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
        if (participant.backend === null) {
          participant.backend = message.backend;
          this.#participantsChanged();
          this.#decide();
        }
        return;
      case 'leave':
        participant.connection.close();
        return this.leave(participant);
      default:
        return receiveInRound(this.#driver, participant, message, frameBytes);
    }
  }

  /** The connection is gone. */
  leave(participant: Participant): void {
    if (this.#closed || this.#participants.get(participant.id) !== participant) return;
    this.#participants.remove(participant.id);
    this.#driver?.take({ kind: 'gone', from: participant.id });
    this.#participantsChanged();
    this.#decide();
  }

  #participantsChanged(): void {
    const ready = this.#participants.ready();
    const room = { kind: 'room', here: ready.length, needed: this.#needed() } as const;
    for (const { id, connection } of ready) if (this.#standing(id) === null) connection.send(room);
    this.#publish();
  }

  #publish(): void {
    this.feed.publishSoon('live', () => ({ kind: 'live', live: this.#live() }));
    this.feed.publishSoon('participants', () => ({
      kind: 'participants',
      participants: this.#participants.views(this.#standing),
    }));
  }

  /** What one does in the attempt under way, null where nothing. */
  #standing = (id: ParticipantId) => (this.#driver === null ? null : standingOf(this.#driver.state, id));

  #needed(): number {
    const { clients, minCohort } = this.record.settings;
    return this.#attempted ? minCohort : clients;
  }

  /** What the schedule says next; asked after every change. */
  #decide(): void {
    const due = this.record.state === 'running' || this.#stopRequested;
    if (!due || this.#driver !== null || this.#finishing || this.isOver || this.#closed) return;
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#recheck = null;
    const { completed, consecutiveAborts } = this.#journal;
    const decision = decideRun({
      settings: this.record.settings,
      ready: this.#participants.ready().length,
      attempted: this.#attempted,
      sinceStartMs: performance.now() - this.#startedAtMs,
      completed,
      consecutiveAborts,
      stopRequested: this.#stopRequested,
    });
    switch (decision.kind) {
      case 'wait':
        if (decision.retryInMs !== null) this.#recheck = setTimeout(() => this.#decide(), decision.retryInMs);
        return this.#publish();
      case 'finish':
        return this.#finish(decision.outcome, decision.because);
      case 'offer':
        return this.#offerRound(completed + 1);
      default:
        return unreachable(decision);
    }
  }

  #offerRound(round: number): void {
    const invited = this.#participants.ready();
    const attempt = 1 + this.#journal.rounds.filter((ended) => ended.round === round).length;
    const ids = invited.map((participant) => participant.id);
    const { offer, plan } = composeOffering(this.record, { round, attempt }, ids, this.#ports.coordinatorKey);
    this.#attempted = true;
    for (const participant of invited) participant.progressPercent = 0;
    this.#driver = new RoundDriver(plan, offer, this.#journal.parameters, {
      begin: async () => {
        await this.#journal.openRound(plan);
        for (const participant of invited) participant.connection.send(offer);
      },
      send: (to, message) => this.#participants.get(to)?.connection.send(message),
      expel: (from) => {
        const participant = this.#participants.get(from);
        participant?.connection.close();
        if (participant) this.leave(participant);
      },
      commit: (view, model) => this.#journal.commitRound(view, model),
      abort: (view, detail) => this.#journal.abortRound(view, detail),
      changed: () => this.#publish(),
      ended: (view, parameters) => this.#roundEnded(view, parameters),
      failed: (error) => this.#fail(error),
    });
  }

  #roundEnded(view: RoundView, parameters: Float32Array<ArrayBuffer> | null): void {
    this.#driver = null;
    this.#journal.endRound(view, parameters);
    if (view.outcome === 'done') void this.#evaluation.round(view);
    this.#decide();
    if (this.#driver === null) this.#participantsChanged();
  }

  #finish(outcome: 'done' | 'stopped' | 'failed', because: string | null): void {
    this.#finishing = true;
    this.#end(outcome, because).catch((error: unknown) =>
      this.#ports.logger.warn(`the end of run ${this.record.id} could not be stored`, error),
    );
  }

  async #end(outcome: 'done' | 'stopped' | 'failed', because: string | null): Promise<void> {
    await this.#journal.setState(outcome, because);
    this.#publish();
    await this.log(because ?? `All ${this.#journal.completed} rounds are done.`);
    this.feed.publish({ kind: 'ended', endedBecause: because });
    for (const { connection } of this.#participants.all()) {
      connection.send(this.finishedMessage());
      connection.close();
    }
  }

  finishedMessage(): ToParticipant {
    return this.#journal.finishedMessage();
  }

  /** The store failed or there is a bug: nothing more is promised to participants of this run. */
  #fail(error: unknown): void {
    if (this.#closed || this.#finishing) return;
    this.#ports.logger.warn(`run ${this.record.id} cannot go on`, error);
    this.#driver?.dispose();
    this.#driver = null;
    this.#finish('failed', 'The coordinator met an error of its own and cannot go on; its log says more.');
  }

  log(text: string): Promise<void> {
    return this.#journal.log(text);
  }

  view(): RunView {
    return this.#journal.view(this.#live());
  }

  adminView(): AdminRunView {
    return {
      run: this.view(),
      joinPath: this.joinPath,
      participants: this.#participants.views(this.#standing),
    };
  }

  #live(): LiveView {
    return liveView({
      state: this.record.state,
      participants: this.#participants,
      needed: this.#needed(),
      round: this.#driver?.state ?? null,
    });
  }

  /** Nothing happens any more; an attempt under way is found open at the next start. */
  close(): void {
    this.#closed = true;
    this.#evaluation.close();
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#driver?.dispose();
    this.feed.close();
  }
}
