/**
 * One run: who is here, which attempt is under way, what comes next. The schedule (round/schedule) and the
 * round machine decide; this class connects them with participants, journal, evaluation and feed.
 */
import type { ParticipantId } from '#shared/base/ids.ts';
import { bytesToHex } from '#shared/base/bytes.ts';
import { unreachable } from '#shared/base/invariant.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import type { AdminRunView, LiveView, RoundView, RunView } from '#shared/protocol/api.ts';
import type { VerifiedChain } from '#shared/protocol/invitation.ts';
import type { ToCoordinator, ToCoordinatorOf, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { standingOf } from '#shared/round/coordinator/cohort.ts';
import { decideRun } from '#shared/round/schedule.ts';
import { Admission } from './admission.ts';
import type { Evaluator } from './evaluation/evaluator.ts';
import { liveView } from './live-view.ts';
import type { Logger } from './logger.ts';
import { outcomeOf } from './ended-attempt.ts';
import type { Connection, Participant } from './participants.ts';
import { Presence } from './presence.ts';
import type { RoundDriver } from './round-driver.ts';
import { prepareAttempt } from './run-attempt.ts';
import { RunEvaluation } from './run-evaluation.ts';
import { ENDING, extensionOf, type ExtensionRefusal } from './run-extension.ts';
import { RunFeed } from './run-feed.ts';
import { RunInvitations } from './run-invitations.ts';
import { RunJournal } from './run-journal.ts';
import { RunPrivacy } from './run-privacy.ts';
import type { Ledger } from './store/ledger.ts';
import type { RunRecord, Store } from './store/port.ts';

export interface RunPorts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly evaluator: Evaluator;
  /** Of this coordinator. */
  readonly signer: Signer;
  readonly suite: CryptoSuite;
  readonly logger: Logger;
  /** A participant whose socket closed may come back into its round within this time. */
  readonly graceMs: number;
}

export class Run {
  readonly feed: RunFeed;
  readonly invitations: RunInvitations;
  readonly #ports: RunPorts;
  readonly #journal: RunJournal;
  readonly #privacy: RunPrivacy;
  readonly #evaluation: RunEvaluation;
  readonly presence: Presence;
  readonly #admission: Admission;
  #driver: RoundDriver | null = null;
  /** An offer is being signed. */
  #offering = false;
  #stopRequested = false;
  /** Settles when the end that is under way is stored and told; null while there is none. */
  #ending: Promise<void> | null = null;
  /** Settles with the newest extension that was asked for. */
  #extending: Promise<unknown> = Promise.resolve();
  /** An extension is being stored: nothing is decided by what it changes. */
  #isExtending = false;
  #closed = false;
  #attempted = false;
  #startedAtMs = performance.now();
  #recheck: NodeJS.Timeout | null = null;

  private constructor(journal: RunJournal, privacy: RunPrivacy, feed: RunFeed, ports: RunPorts) {
    this.feed = feed;
    this.#journal = journal;
    this.#privacy = privacy;
    this.#ports = ports;
    this.#evaluation = new RunEvaluation(journal, ports);
    this.invitations = new RunInvitations(journal.record, ports);
    this.#admission = new Admission(journal.record.settings, privacy);
    this.presence = new Presence({
      journal,
      admission: this.#admission,
      standing: this.#standing,
      needed: () => this.#needed(),
    });
  }

  /** From the store: at creation, and after a restart. What was never evaluated is evaluated now. */
  static async open(record: RunRecord, ports: RunPorts): Promise<Run> {
    const feed = new RunFeed();
    const privacy = await RunPrivacy.open(record, ports.ledger);
    const run = new Run(await RunJournal.open(record, ports, feed), privacy, feed, ports);
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
    if (this.#driver) this.#driver.stop();
    else this.#decide();
    return true;
  }

  /**
   * EXTEND-1: more rounds, or more of each participant, as `runExtension` asks. The new terms are stored before anybody
   * hears of them, and each participant is asked for itself.
   */
  extend(asked: unknown): Promise<Result<void, ExtensionRefusal>> {
    const extended = this.#extending.then(() => this.#extend(asked));
    this.#extending = extended.catch(() => {});
    return extended;
  }

  async #extend(asked: unknown): Promise<Result<void, ExtensionRefusal>> {
    await this.#ending;
    const isEnding = !this.isOver && (this.#ending !== null || this.#stopRequested || this.#closed);
    const extension = isEnding ? fail(ENDING) : extensionOf(this.record, asked);
    if (!extension.ok) return extension;
    const { settings, words } = extension.value;
    const wasOver = this.isOver;
    this.#isExtending = true;
    try {
      await this.#journal.extend(settings, words);
    } finally {
      this.#isExtending = false;
    }
    this.#privacy.extended(settings);
    this.#admission.extended(settings);
    if (wasOver) this.#goOn();
    this.presence.askAll(wasOver);
    this.#participantsChanged();
    this.#decide();
    return ok(undefined);
  }

  /** From where it had ended, with whoever is still here. */
  #goOn(): void {
    this.#ending = null;
    this.#stopRequested = false;
    this.#startedAtMs = performance.now();
  }

  /** Null where no more participants are taken. */
  join(
    id: ParticipantId,
    chain: VerifiedChain,
    connection: Connection,
    { shard, resume }: Pick<ToCoordinatorOf<'hello'>, 'shard' | 'resume'>,
  ): Participant | null {
    if (this.presence.isFull(id)) return null;
    const participant = this.presence.admit(id, chain, connection, shard);
    if (!this.isOver) this.#resume(participant, resume);
    this.#participantsChanged();
    return participant;
  }

  /** What one that comes back has missed: the attempt goes on with it, or has ended. */
  #resume({ id, connection }: Participant, resume: Uint8Array | null): void {
    const driver = this.#driver;
    const sid = resume === null ? null : bytesToHex(resume);
    if (driver !== null && sid === driver.plan.sid) return driver.returned(id);
    driver?.left(id);
    if (sid === null) return;
    const ended = this.#journal.rounds.find((round) => round.sid === sid);
    if (ended !== undefined)
      void outcomeOf(ended, this.#ports.signer).then((message) => connection.send(message));
  }

  /** A message of a participant that has joined; `frameBytes` is its size on the wire. */
  receive(
    participant: Participant,
    message: Exclude<ToCoordinator, { kind: 'hello' }>,
    frameBytes: number,
  ): void {
    switch (message.kind) {
      case 'ready':
        if (participant.backend === null || participant.paused) {
          participant.backend = message.backend;
          participant.paused = false;
          this.#participantsChanged();
          this.#decide();
        }
        return;
      case 'agreed':
        if (this.presence.agreed(participant, message))
          void this.log('A participant has agreed to the extension.');
        this.#participantsChanged();
        return this.#decide();
      case 'leave':
        participant.connection.close();
        return this.leave(participant, true);
      default:
        return this.#receiveInRound(participant, message, frameBytes);
    }
  }

  #receiveInRound(
    participant: Participant,
    message: Extract<ToCoordinator, { sid: unknown }>,
    frameBytes: number,
  ): void {
    if (this.#driver === null || bytesToHex(message.sid) !== this.#driver.plan.sid)
      // It may have been on its way when the attempt ended.
      return participant.connection.send({
        kind: 'fault',
        code: 'unknown-sid',
        detail: `A message ${message.kind} is for no round that is under way.`,
        closing: false,
      });
    if (message.kind === 'decline' && message.reason === 'policy') this.#admission.declined(participant.id);
    if (message.kind === 'progress') participant.progressPercent = message.percent;
    if (message.kind === 'decline' && message.reason === 'paused') {
      participant.paused = true;
      this.#participantsChanged();
    }
    this.#driver.receive(participant.id, message, frameBytes);
  }

  /** The connection is gone; `forGood` where the participant said so, or was put out. */
  leave(participant: Participant, forGood = false): void {
    if (this.#closed || this.presence.participants.get(participant.id) !== participant) return;
    this.presence.remove(participant);
    if (forGood) this.#driver?.left(participant.id);
    else this.#driver?.disconnected(participant.id);
    this.#participantsChanged();
    this.#decide();
  }

  #participantsChanged(): void {
    this.presence.tellRoom();
    this.#publish();
  }

  #publish(): void {
    this.feed.publishSoon('live', () => ({ kind: 'live', live: this.#live() }));
    this.feed.publishSoon('participants', () => ({
      kind: 'participants',
      participants: this.presence.views(),
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
    const isBusy = this.#driver !== null || this.#offering || this.#isExtending || this.#ending !== null;
    if (!due || isBusy || this.isOver || this.#closed) return;
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#recheck = null;
    const { completed, consecutiveAborts } = this.#journal;
    const round = completed + 1;
    const ready = this.#admission.invite(round, this.presence.participants.ready()).invited.length;
    const decision = decideRun({
      settings: this.record.settings,
      ready,
      attempted: this.#attempted,
      sinceStartMs: performance.now() - this.#startedAtMs,
      completed,
      consecutiveAborts,
      stopRequested: this.#stopRequested,
      left: this.#admission.remaining(round, ready),
      keeping: this.#admission.keeping,
    });
    switch (decision.kind) {
      case 'wait':
        if (decision.retryInMs !== null) this.#recheck = setTimeout(() => this.#decide(), decision.retryInMs);
        return this.#publish();
      case 'finish':
        return this.#finish(decision.outcome, decision.because);
      case 'offer':
        return void this.#offerRound(round);
      default:
        return unreachable(decision);
    }
  }

  async #offerRound(round: number): Promise<void> {
    const admitted = this.#admission.invite(round, this.presence.participants.ready());
    this.#attempted = true;
    this.#offering = true;
    const begin = await prepareAttempt(round, admitted, {
      journal: this.#journal,
      privacy: this.#privacy,
      presence: this.presence,
      invitations: this.invitations,
      ports: this.#ports,
      expel: (id) => this.#expel(id),
      changed: () => this.#publish(),
      ended: (view, parameters) => this.#roundEnded(view, parameters),
      failed: (error) => this.#fail(error),
    });
    this.#offering = false;
    if (!this.#closed) this.#driver = begin();
  }

  #expel(id: ParticipantId): void {
    const participant = this.presence.participants.get(id);
    participant?.connection.close();
    if (participant) this.leave(participant, true);
  }

  #roundEnded(view: RoundView, parameters: Float32Array<ArrayBuffer> | null): void {
    this.#driver = null;
    this.#journal.endRound(view, parameters);
    if (view.outcome === 'done') void this.#evaluation.round(view);
    this.#decide();
    if (this.#driver === null) this.#participantsChanged();
  }

  #finish(outcome: 'done' | 'stopped' | 'failed', because: string | null): void {
    this.#ending = this.#end(outcome, because).catch((error: unknown) =>
      this.#ports.logger.warn(`the end of run ${this.record.id} could not be stored`, error),
    );
  }

  async #end(outcome: 'done' | 'stopped' | 'failed', because: string | null): Promise<void> {
    await this.#journal.setState(outcome, because);
    this.#publish();
    await this.log(because ?? `All ${this.#journal.completed} rounds are done.`);
    this.feed.publish({ kind: 'ended', endedBecause: because });
    // Who stays hears of an extension.
    this.presence.tellEnd();
  }

  finishedMessage(): ToParticipant {
    return this.#journal.finishedMessage();
  }

  /** The store failed or there is a bug: nothing more is promised to participants of this run. */
  #fail(error: unknown): void {
    if (this.#closed || this.#ending !== null) return;
    this.#ports.logger.warn(`run ${this.record.id} cannot go on`, error);
    this.#driver?.dispose();
    this.#driver = null;
    this.#finish('failed', 'The coordinator met an error of its own and cannot go on; its log says more.');
  }

  log(text: string): Promise<void> {
    return this.#journal.log(text);
  }

  view(): RunView {
    return this.#journal.view(this.#live(), bytesToHex(this.#ports.signer.publicKey));
  }

  adminView(): AdminRunView {
    return {
      run: this.view(),
      joinPath: this.invitations.joinPath,
      participants: this.presence.views(),
    };
  }

  #live(): LiveView {
    return liveView({
      state: this.record.state,
      participants: this.presence.participants,
      here: this.presence.here,
      needed: this.#needed(),
      round: this.#driver?.state ?? null,
      privacy: this.#privacy.view(),
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
