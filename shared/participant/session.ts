/**
 * The client application: joins a run, loads its shard, waits, takes part in one round after another, and comes
 * back by itself when the connection is lost. A tab's worker and a Node participant run this same code.
 */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { RunId } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import { entriesOfClient, type OwnEntry } from '../privacy/participant-ledger.ts';
import { decodeInvitation, fingerprintOf, type Invitation } from '../protocol/invitation.ts';
import { MIN_COHORT } from '../protocol/limits.ts';
import type {
  ToCoordinator,
  ToParticipant,
  ToParticipantOf,
  Welcome,
} from '../protocol/messages/directions.ts';
import { isOver } from '../round/client/step.ts';
import type { ClientEvent } from '../round/client/types.ts';
import type { RunTerms } from '../tasks/terms.ts';
import { Agreement, NO_LIMIT } from './agreement.ts';
import { Connection } from './connection.ts';
import { faultInWords } from './fault-words.ts';
import { OfferReader } from './offer-reader.ts';
import { ParticipantRound, type RoundContext } from './participant-round.ts';
import type { PeerLinkEvent } from './peer-links.ts';
import type { ParticipantPorts } from './ports.ts';
import { modelHashOfBytes } from './round-events.ts';
import { outcomeOf, progressOf } from './round-words.ts';
import { Seat } from './seat.ts';
import { helloOf, openSelf, type Self } from './self.ts';
import { SentLedger } from './sent-ledger.ts';
import type { Consent, ParticipantStatus, ParticipantView, RoundOutcome } from './view.ts';

export class ParticipantSession {
  readonly #ports: ParticipantPorts;
  readonly #run: RunId;
  readonly #agreement: Agreement;
  readonly #invitation: Invitation;
  readonly #onView: (view: ParticipantView) => void;
  readonly #connection: Connection;
  readonly #seat: Seat;
  readonly #ledger = new SentLedger();
  readonly #openLinks = new Set<string>();
  readonly #offers: OfferReader;
  #ownEntries: readonly OwnEntry[] = [];
  #status: ParticipantStatus = { kind: 'idle' };
  #self: Self | null = null;
  #coordinatorKey: Uint8Array | null = null;
  #welcome: Welcome | null = null;
  #round: ParticipantRound | null = null;
  /** An offer is being looked at: one at a time. */
  #considering = false;
  /** Came before the last attempt's outcome was verified, or while another offer was looked at; the newest one. */
  #nextOffer: ToParticipantOf<'offer'> | null = null;
  #roundBytes = 0;
  #rounds: readonly RoundOutcome[] = [];
  #room: { readonly here: number; readonly needed: number } | null = null;
  #paused = false;

  /** `invitation` is the link's fragment; RangeError (with a sentence) where it is none. */
  constructor(
    ports: ParticipantPorts,
    join: { readonly run: RunId; readonly invitation: string; readonly consent?: Consent },
    onView: (view: ParticipantView) => void,
  ) {
    this.#ports = ports;
    this.#run = join.run;
    this.#agreement = new Agreement(join.consent ?? NO_LIMIT);
    const invitation = decodeInvitation(join.invitation);
    if (!invitation.ok) throw new RangeError(`invitation: ${invitation.fault}`);
    this.#invitation = invitation.value;
    this.#onView = onView;
    this.#seat = new Seat(ports);
    this.#offers = new OfferReader(ports, this.#agreement, this.#invitation.adminKey);
    this.#connection = new Connection(ports, {
      connecting: (attempt) => this.#apart({ kind: 'connecting', attempt }),
      message: (message) => this.#take(message),
      unreadable: () =>
        this.#fail(
          'The coordinator sent something this page cannot read. Reload it; if it stays so, tell whoever runs it.',
        ),
      lost: (retryInMs) => {
        this.#room = null;
        this.#nextOffer = null;
        this.#apart({ kind: 'offline', retryInMs });
      },
      sent: (message, bytes) => {
        this.#ledger.record(ports.clock.nowMs(), message.kind, bytes);
        if ('sid' in message) this.#roundBytes += bytes;
      },
    });
    ports.links.onEvent((event) => this.#link(event));
  }

  join(): void {
    if (this.#status.kind !== 'idle') return;
    this.#setStatus({ kind: 'connecting', attempt: 0 });
    void this.#open();
  }

  /** The identity is there before anything is said. */
  async #open(): Promise<void> {
    const self = await openSelf(this.#ports.identity, this.#run, this.#invitation);
    if (this.isOver) return;
    this.#self = self;
    void this.#readLedger();
    this.#connection.connect();
  }

  /**
   * Ends this participation; a round that it masked for may be aborted for everyone by that. After the end of the run it
   * ends the wait for an extension.
   */
  leave(): void {
    if (this.#status.kind === 'finished') return this.#letGo();
    if (this.isOver) return;
    // LEAVE-1: what the round holds is erased before anything is said.
    this.#round?.take({ kind: 'leave' });
    this.#send({ kind: 'leave' });
    this.#end({ kind: 'left' }, runOver('This tab left.'));
  }

  /** While it is paused it declines offers; the trainer's own pace is the caller's to stop. */
  setPaused(paused: boolean): void {
    if (this.#paused === paused || this.isOver) return;
    this.#paused = paused;
    // PAUSE-1: one that declined while it was paused is offered nothing until it says that it is ready again.
    if (!paused && this.#seat.taken !== null) this.#sayReady();
    this.#changed();
  }

  /** EXTEND-2: the person's answer to the terms they were shown. */
  answerExtension(terms: RunTerms, agrees: boolean): void {
    if (this.#agreement.answer(terms, agrees)) this.#sayAgreed(true);
    this.#changed();
  }

  /** Leaves, and deletes what this browser (or process) keeps, for every tab. */
  async deleteData(): Promise<void> {
    this.leave();
    await this.#seat.deleteData();
    this.#changed();
  }

  // ── the connection ────────────────────────────────────────────────────────────────────────────

  async #hello(greeting: ToParticipantOf<'greeting'>): Promise<void> {
    const [self, connection] = [this.#self, this.#connection.current];
    invariant(self, 'it connects with its identity');
    this.#coordinatorKey = greeting.coordinatorKey;
    const resume = this.#round === null ? null : hexToBytes(this.#round.sid);
    const hello = await helloOf(self, greeting, { shard: this.#welcome?.shard ?? null, resume });
    if (this.#connection.current === connection) this.#send(hello);
  }

  /** `because` is what a round that is under way ends with; its secrets are erased before anything else. */
  #end(status: ParticipantStatus, because: ClientEvent): void {
    const socket = this.#connection.end();
    this.#round?.take(because);
    socket.close();
    this.#ports.links.closeAll();
    this.#setStatus(status);
  }

  #fail(detail: string): void {
    this.#end({ kind: 'failed', detail }, runOver('This tab could not go on.'));
  }

  /** EXTEND-4: the run is over, and this participant stays connected for an extension of it. */
  #finish({ outcome, rounds, modelHash }: ToParticipantOf<'finished'>): void {
    this.#connection.answered();
    this.#connection.placed();
    this.#status = { kind: 'finished', outcome, rounds, modelHash: modelHashOfBytes(modelHash) };
    this.#round?.take(runOver('The run ended before this round did.'));
    this.#nextOffer = null;
    for (const peer of this.#openLinks) this.#ports.links.close(peer);
    this.#openLinks.clear();
    this.#changed();
  }

  #letGo(): void {
    this.#connection.end().close();
    this.#ports.links.closeAll();
  }

  /** The run is over, or this participant is out of it. Only an extension of the run goes on from `finished`. */
  get isOver(): boolean {
    return ['finished', 'left', 'failed'].includes(this.#status.kind);
  }

  #send(message: ToCoordinator): void {
    this.#connection.send(message);
  }

  #sayReady(): void {
    this.#send({ kind: 'ready', backend: this.#seat.backend ?? '' });
  }

  #sayAgreed(isAnswer: boolean): void {
    const { agreed } = this.#agreement;
    if (agreed !== null) this.#send({ kind: 'agreed', terms: agreed, isAnswer });
  }

  // ── what the coordinator says ─────────────────────────────────────────────────────────────────

  #take(message: ToParticipant): void {
    switch (message.kind) {
      case 'greeting':
        return void this.#hello(message);
      case 'welcome':
        return void this.#seated(message);
      case 'room':
        this.#room = { here: message.here, needed: message.needed };
        if (this.#status.kind === 'waiting') this.#wait();
        return;
      case 'extended':
        if (this.#agreement.ask(message.terms)) this.#sayAgreed(true);
        return this.#changed();
      case 'offer':
        return void this.#offered(message);
      case 'roster':
      case 'relayed':
      case 'peers-gone':
      case 'mask-request':
      case 'upload-grant':
      case 'unmask-request':
      case 'confirmations':
      case 'result':
      case 'abort':
      case 'dismissed':
        return this.#inRound(message.sid)?.receive(message);
      case 'finished':
        return this.#finish(message);
      case 'fault':
        if (message.closing) this.#fail(faultInWords(message.code));
        return;
      default:
        return unreachable(message);
    }
  }

  /** A message of an attempt this participant is not in is for nobody. */
  #inRound(sid: Uint8Array): ParticipantRound | null {
    return this.#round !== null && this.#round.sid === bytesToHex(sid) ? this.#round : null;
  }

  /** JOIN-4: ready when its data are loaded. */
  async #seated(welcome: Welcome): Promise<void> {
    this.#connection.answered();
    if (welcome.onePerProfile && (this.#self?.slot ?? 0) > 0)
      return this.#fail('This run takes one tab of a browser only, and another one of yours is taking part.');
    this.#welcome = welcome;
    const connection = this.#connection.current;
    const isStale = () => this.#connection.current !== connection;
    const show = (fraction: number) => this.#setStatus({ kind: 'loading', fraction });
    const taken = await this.#seat.take(welcome, isStale, show);
    if (!taken.ok) {
      if (taken.fault === 'again') this.#connection.lose();
      else if (taken.fault !== 'stale') this.#fail(taken.fault.detail);
      return;
    }
    if (isStale()) return;
    this.#connection.placed();
    this.#sayAgreed(false);
    this.#sayReady();
    if (this.#round === null) return this.#wait();
    this.#round.take({ kind: 'reconnected' });
    this.#roundChanged();
  }

  /** OFFER-3: signed, for this run, stored as seen, and one at a time. */
  async #offered(offer: ToParticipantOf<'offer'>): Promise<void> {
    const [seated, self, coordinatorKey] = [this.#seat.taken, this.#self, this.#coordinatorKey];
    if (seated === null || self === null || coordinatorKey === null) return;
    if (this.#considering || this.#round !== null) {
      this.#nextOffer = offer;
      return;
    }
    this.#considering = true;
    const context = await this.#offers.read(offer, self, seated, coordinatorKey);
    this.#considering = false;
    if (this.isOver) return;
    if (context === null) return this.#considerNext();
    if (this.#paused) return this.#send({ kind: 'decline', sid: hexToBytes(context.sid), reason: 'paused' });
    this.#roundBytes = 0;
    this.#begin(context);
  }

  #begin(context: RoundContext): void {
    let begun: ParticipantRound | null = null;
    const round = new ParticipantRound(context, this.#ports, {
      send: (message) => this.#send(message),
      bufferedBytes: () => this.#connection.bufferedBytes,
      sentToPeer: (kind, bytes) => {
        this.#ledger.record(this.#ports.clock.nowMs(), kind, bytes, 'peers');
        this.#roundBytes += bytes;
      },
      openLinks: () => this.#openLinks,
      changed: () => this.#roundChanged(),
      ended: () => {
        if (begun !== null) this.#roundEnded(begun);
      },
    });
    begun = round;
    this.#round = round;
    if (isOver(round.state)) return this.#roundEnded(round);
    this.#agreement.tookOffer(context.offer.privacy);
    this.#roundChanged();
  }

  // ── direct connections ────────────────────────────────────────────────────────────────────────

  #link(event: PeerLinkEvent): void {
    const { peer } = event;
    switch (event.kind) {
      case 'opened':
        this.#openLinks.add(peer);
        return this.#round?.linkOpened(peer);
      case 'closed':
      case 'failed':
        this.#openLinks.delete(peer);
        return this.#round?.linkLost(peer);
      case 'message':
        return this.#round?.receiveFromPeer(peer, event.bytes);
      default:
        return unreachable(event);
    }
  }

  #roundChanged(): void {
    if (this.#round === null || this.#connection.current === null) return;
    const progress = progressOf(this.#round);
    if (progress !== null) this.#setStatus({ kind: 'in-round', progress });
  }

  #roundEnded(round: ParticipantRound): void {
    if (this.#round !== round) return;
    this.#round = null;
    const { state, offer } = round;
    if ('revealed' in state && state.revealed) this.#offers.revealedInVain(offer.modelHash);
    this.#rounds = [...this.#rounds, outcomeOf(round, this.#roundBytes)];
    void this.#readLedger();
    if (this.isOver || this.#connection.current === null) this.#changed();
    else this.#wait();
    this.#considerNext();
  }

  async #readLedger(): Promise<void> {
    const [entries, self] = [await this.#ports.ledger.entries(), this.#self];
    if (!entries.ok || self === null) return;
    this.#ownEntries = entriesOfClient(entries.value, { run: this.#run, client: self.id });
    this.#changed();
  }

  #considerNext(): void {
    const next = this.#nextOffer;
    this.#nextOffer = null;
    if (next !== null && !this.isOver) void this.#offered(next);
  }

  // ── what is shown ─────────────────────────────────────────────────────────────────────────────

  /** Until the coordinator says how many are here, this participant knows of itself. */
  #wait(): void {
    const { here, needed } = this.#room ?? { here: 1, needed: this.#welcome?.minCohort ?? MIN_COHORT };
    this.#setStatus({ kind: 'waiting', here, needed });
  }

  /** Whoever waits for an extension is shown the end of the run, connected or not. */
  #apart(status: ParticipantStatus): void {
    if (!this.isOver) this.#setStatus(status);
  }

  #setStatus(status: ParticipantStatus): void {
    this.#status = status;
    this.#changed();
  }

  #changed(): void {
    this.#onView(this.view());
  }

  view(): ParticipantView {
    return {
      status: this.#status,
      participant: this.#self?.id ?? null,
      adminFingerprint: fingerprintOf(this.#invitation.adminKey),
      task: this.#welcome?.task ?? null,
      shard: this.#welcome?.shard ?? null,
      examples: this.#seat.taken?.examples.count ?? null,
      backend: this.#seat.backend,
      rounds: this.#rounds,
      sent: this.#ledger.rows,
      bytesSent: this.#ledger.totalBytes,
      dataKept: this.#seat.dataKept,
      ownEntries: this.#ownEntries,
      paused: this.#paused,
      agreement: this.#agreement.view,
    };
  }
}

const runOver = (detail: string): ClientEvent => ({ kind: 'abort', code: 'stopped', detail });
