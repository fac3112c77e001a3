/**
 * One run: who is here, which attempt is under way, what comes next. The schedule (round/schedule) and the
 * round machine decide; this class connects them with participants, journal, evaluation and feed.
 */
import type { ParticipantId } from '#shared/base/ids.ts';
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import { unreachable } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import type { AdminRunView, LiveView, RoundView, RunView } from '#shared/protocol/api.ts';
import {
  decodeInvitation,
  lastingFragment,
  verifyChain,
  type InvitationFault,
  type VerifiedChain,
} from '#shared/protocol/invitation.ts';
import { MAX_COHORT } from '#shared/protocol/limits.ts';
import type { ToCoordinator, ToCoordinatorOf, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { standingOf } from '#shared/round/coordinator/cohort.ts';
import { decideRun } from '#shared/round/schedule.ts';
import type { Evaluator } from './evaluation/evaluator.ts';
import { liveView } from './live-view.ts';
import type { Logger } from './logger.ts';
import { composeOffering } from './offering.ts';
import { abortMessage, resultMessage } from '#shared/round/driver/outcome-messages.ts';
import { Participants, type Connection, type Participant } from './participants.ts';
import { RoundDriver } from './round-driver.ts';
import { RunEvaluation } from './run-evaluation.ts';
import { RunFeed } from './run-feed.ts';
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
  readonly #ports: RunPorts;
  readonly #journal: RunJournal;
  readonly #privacy: RunPrivacy;
  readonly #evaluation: RunEvaluation;
  readonly #participants: Participants;
  /** Verified at hello; one that is here keeps its place though its invitation expires. */
  readonly #chains = new Map<string, VerifiedChain>();
  #driver: RoundDriver | null = null;
  /** An offer is being signed. */
  #offering = false;
  #stopRequested = false;
  #finishing = false;
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
    this.#participants = new Participants(journal.record.settings.clients);
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

  /** Null where the admin keeps the key that invites. */
  get joinPath(): string | null {
    const { id, invitation, settings } = this.record;
    return settings.adminKey === undefined ? `/join/${id}#${invitation}` : null;
  }

  /** A link for one participant, path and fragment; null where the admin keeps the key that invites. */
  async personalJoinPath(): Promise<string | null> {
    const { id, settings } = this.record;
    if (settings.adminKey !== undefined) return null;
    return `/join/${id}#${await lastingFragment(this.#ports.signer, id, 'personal', systemRandom(32))}`;
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

  /** Whether an invitation chain leads from this run's admin to an identity (Ed25519 public key, hex). */
  inspect(chain: Uint8Array, identity: Uint8Array): Result<VerifiedChain, InvitationFault> {
    const key = `${bytesToHex(identity)} ${bytesToHex(chain)}`;
    const known = this.#chains.get(key);
    if (known !== undefined) return ok(known);
    const adminKey = this.#adminKey;
    if (adminKey === null) return fail('its admin did not sign it for this run');
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const verified = verifyChain(chain, {
      run: this.record.id,
      adminKey,
      identity,
      nowSeconds,
      verify: this.#ports.suite.verify,
    });
    if (verified.ok && this.#chains.size < 2 * MAX_COHORT) this.#chains.set(key, verified.value);
    return verified;
  }

  /** Null where nothing opens this run any more: it was made for another protocol. */
  get #adminKey(): Uint8Array | null {
    const { adminKey } = this.record.settings;
    if (adminKey !== undefined) return hexToBytes(adminKey);
    const invitation = decodeInvitation(this.record.invitation);
    return invitation.ok ? invitation.value.adminKey : null;
  }

  /** INVITE-3: a personal invitation is one participant's. */
  isTaken({ kind, inviteKey }: VerifiedChain, id: ParticipantId): boolean {
    return (
      kind === 'personal' &&
      this.#participants.all().some((other) => other.inviteKey === bytesToHex(inviteKey) && other.id !== id)
    );
  }

  /** Whether this participant has a connection that was opened after that one. */
  isNewer(id: ParticipantId, serial: number): boolean {
    return (this.#participants.get(id)?.connection.serial ?? 0) > serial;
  }

  /**
   * Null where no more participants are taken. One that is connected already is replaced: it has come back before
   * its old connection was missed.
   */
  join(
    id: ParticipantId,
    { inviteKey }: VerifiedChain,
    connection: Connection,
    { shard, resume }: Pick<ToCoordinatorOf<'hello'>, 'shard' | 'resume'>,
  ): Participant | null {
    const before = this.#participants.get(id);
    if (before === undefined && this.#participants.size >= MAX_COHORT) return null;
    this.#participants.remove(id);
    before?.connection.refuse('replaced', 'This participant has connected again.');
    const participant = this.#participants.join(id, bytesToHex(inviteKey), connection, shard);
    const { task, settings } = this.record;
    connection.send({
      kind: 'welcome',
      task,
      shard: { index: participant.shard, of: settings.clients },
      rounds: settings.rounds,
      minCohort: settings.minCohort,
      onePerProfile: settings.onePerProfile,
    });
    this.#resume(participant, resume);
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
    if (ended === undefined) return;
    const { sumHash, modelHash, participants, abortCode } = ended;
    const outcome =
      sumHash !== null && modelHash !== null
        ? resultMessage(ended.sid, { sumHash, modelHash, survivors: participants }, this.#ports.signer)
        : abortMessage(
            ended.sid,
            { code: abortCode ?? 'stopped', detail: 'The attempt ended while this participant was away.' },
            this.#ports.signer,
          );
    void outcome.then((message) => connection.send(message));
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
        if (participant.backend === null || participant.paused) {
          participant.backend = message.backend;
          participant.paused = false;
          this.#participantsChanged();
          this.#decide();
        }
        return;
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
    if (message.kind === 'decline' && message.reason === 'policy') this.#privacy.declined(participant.id);
    if (message.kind === 'progress') participant.progressPercent = message.percent;
    if (message.kind === 'decline' && message.reason === 'paused') {
      participant.paused = true;
      this.#participantsChanged();
    }
    this.#driver.receive(participant.id, message, frameBytes);
  }

  /** The connection is gone; `forGood` where the participant said so, or was put out. */
  leave(participant: Participant, forGood = false): void {
    if (this.#closed || this.#participants.get(participant.id) !== participant) return;
    this.#participants.remove(participant.id);
    if (forGood) this.#driver?.left(participant.id);
    else this.#driver?.disconnected(participant.id);
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
    if (!due || this.#driver !== null || this.#offering || this.#finishing || this.isOver || this.#closed)
      return;
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#recheck = null;
    const { completed, consecutiveAborts } = this.#journal;
    const ready = this.#privacy.invite(this.#participants.ready()).length;
    const decision = decideRun({
      settings: this.record.settings,
      ready,
      attempted: this.#attempted,
      sinceStartMs: performance.now() - this.#startedAtMs,
      completed,
      consecutiveAborts,
      stopRequested: this.#stopRequested,
      left: this.#privacy.left(ready),
    });
    switch (decision.kind) {
      case 'wait':
        if (decision.retryInMs !== null) this.#recheck = setTimeout(() => this.#decide(), decision.retryInMs);
        return this.#publish();
      case 'finish':
        return this.#finish(decision.outcome, decision.because);
      case 'offer':
        return void this.#offerRound(completed + 1);
      default:
        return unreachable(decision);
    }
  }

  async #offerRound(round: number): Promise<void> {
    const invited = this.#privacy.invite(this.#participants.ready());
    const attempt = 1 + this.#journal.rounds.filter((ended) => ended.round === round).length;
    const ids = invited.map((participant) => participant.id);
    const { signer, suite, graceMs } = this.#ports;
    this.#attempted = true;
    this.#offering = true;
    const terms = { invited: ids, privacy: this.#privacy.offered };
    const { offer, plan, message } = await composeOffering(this.record, { round, attempt }, terms, signer);
    this.#offering = false;
    if (this.#closed) return;
    for (const participant of invited) participant.progressPercent = 0;
    this.#driver = new RoundDriver(plan, offer, this.#journal.parameters, {
      suite,
      signer,
      graceMs,
      invited: (chain, id) => this.inspect(chain, hexToBytes(id)).ok,
      begin: async () => {
        await this.#journal.openRound(plan);
        for (const participant of invited) participant.connection.send(message);
      },
      send: (to, sent) => this.#participants.get(to)?.connection.send(sent),
      expel: (from) => {
        const participant = this.#participants.get(from);
        participant?.connection.close();
        if (participant) this.leave(participant, true);
      },
      unmasking: async (survivors) => {
        await this.#privacy.commit(plan.sid, survivors);
        await this.#journal.unmasking(plan, survivors.length);
      },
      epsilon: () => this.#privacy.view().spentEpsilon,
      commit: (view, model) => this.#journal.commitRound(view, model),
      abort: (view, detail) => this.#journal.abortRound(view, detail),
      changed: () => this.#publish(),
      ended: (view, parameters) => this.#roundEnded(view, parameters),
      failed: (error) => this.#fail(error),
    });
    // Whoever left while the offer was signed.
    for (const { id } of invited) if (!this.has(id)) this.#driver.disconnected(id);
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
    return this.#journal.view(this.#live(), bytesToHex(this.#ports.signer.publicKey));
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
