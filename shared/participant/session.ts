/**
 * The client application: joins a run, loads its shard, waits, takes part in one round after another, and comes
 * back by itself when the connection is lost. A tab's worker and a Node participant run this same code.
 */
import { base64UrlToBytes, bytesToHex, hexToBytes } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId, type RunId, type Sid } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import type { Examples } from '../data/examples.ts';
import type { ShardReference } from '../data/shards.ts';
import { decodeToParticipant, encodeMessage } from '../protocol/codec.ts';
import { MAX_VECTOR_WORDS, MIN_COHORT, PROTOCOL_VERSION } from '../protocol/limits.ts';
import type { Offer, ToCoordinator, ToParticipant, Welcome } from '../protocol/messages/directions.ts';
import { sidOfOffer } from '../protocol/transcript.ts';
import type { ClientEvent, ClientPolicy } from '../round/client/types.ts';
import { faultInWords } from './fault-words.ts';
import { isOver, ParticipantRound } from './participant-round.ts';
import type { ParticipantPorts, Socket } from './ports.ts';
import { retryMs } from './reconnection.ts';
import { modelHashOfBytes, roundEventOf } from './round-events.ts';
import { outcomeOf, progressOf } from './round-words.ts';
import { SentLedger } from './sent-ledger.ts';
import type { ParticipantStatus, ParticipantView, RoundOutcome } from './view.ts';

/** What a participant insists on, whatever it is offered. */
const POLICY: ClientPolicy = { minCohort: MIN_COHORT, maxVectorWords: MAX_VECTOR_WORDS, maxEpochs: 100 };

/** From the first try to the welcome; what has not come by then does not come. */
const WELCOME_MS = 15_000;
/** A shard that cannot be reached this often in a row needs a person. */
const LOAD_ATTEMPTS = 4;

type Seated = { readonly welcome: Welcome; readonly examples: Examples };

export class ParticipantSession {
  readonly #ports: ParticipantPorts;
  readonly #run: RunId;
  readonly #invitation: Uint8Array<ArrayBuffer>;
  readonly #onView: (view: ParticipantView) => void;
  readonly #self: ParticipantId;
  readonly #ledger = new SentLedger();
  readonly #seen = new Set<Sid>();
  #status: ParticipantStatus = { kind: 'idle' };
  #socket: Socket | null = null;
  #welcome: Welcome | null = null;
  #seated: Seated | null = null;
  #backend: string | null = null;
  #round: ParticipantRound | null = null;
  #roundBytes = 0;
  #rounds: readonly RoundOutcome[] = [];
  #room: { readonly here: number; readonly needed: number } | null = null;
  /** Tries to connect since this participant was last seated. */
  #attempt = 0;
  #failedLoads = 0;
  /** Settles with every load that was begun. */
  #loading: Promise<unknown> = Promise.resolve();
  /** The next try, or the end of patience with this one. */
  #cancelTimer: (() => void) | null = null;
  #dataKept = false;

  /** `invitation` is the link's fragment, 16 bytes in base64url; RangeError where it is not. */
  constructor(
    ports: ParticipantPorts,
    join: { readonly run: RunId; readonly invitation: string },
    onView: (view: ParticipantView) => void,
  ) {
    this.#ports = ports;
    this.#run = join.run;
    this.#invitation = new Uint8Array(base64UrlToBytes(join.invitation));
    if (this.#invitation.length !== 16) throw new RangeError('invitation: not 16 bytes');
    this.#onView = onView;
    const id = bytesToHex(ports.random(32));
    invariant(isParticipantId(id), '32 random bytes make a participant id');
    this.#self = id;
  }

  join(): void {
    if (this.#status.kind === 'idle') this.#connect();
  }

  /** Ends this participation; a round that it masked for may be aborted for everyone by that. */
  leave(): void {
    if (this.isOver) return;
    // LEAVE-1: what the round holds is erased before anything is said.
    this.#round?.take({ kind: 'leave' });
    this.#send({ kind: 'leave' });
    this.#end({ kind: 'left' }, runOver('This tab left.'));
  }

  /** Leaves, and deletes what this browser (or process) keeps, for every tab. */
  async deleteData(): Promise<void> {
    this.leave();
    this.#seated = null;
    await this.#ports.data.deleteAll();
    // A download that was under way may have kept a part since.
    await this.#loading;
    await this.#ports.data.deleteAll();
    this.#dataKept = false;
    this.#changed();
  }

  // ── the connection ────────────────────────────────────────────────────────────────────────────

  #connect(): void {
    this.#attempt++;
    this.#setStatus({ kind: 'connecting', attempt: this.#attempt });
    const socket: Socket = this.#ports.socket.open({
      onOpen: () => {
        if (this.#socket === socket) this.#hello();
      },
      onFrame: (frame) => {
        if (this.#socket === socket) this.#receive(frame);
      },
      onClose: () => {
        if (this.#socket === socket) this.#lost();
      },
    });
    this.#socket = socket;
    this.#cancelTimer = this.#ports.clock.after(WELCOME_MS, () => this.#lost());
  }

  #hello(): void {
    const participant = hexToBytes(this.#self);
    const shard = this.#welcome?.shard ?? null;
    const [run, invitation] = [this.#run, this.#invitation];
    this.#send({ kind: 'hello', protocol: PROTOCOL_VERSION, run, invitation, participant, shard });
  }

  #lost(): void {
    this.#cancelTimer?.();
    const socket = this.#socket;
    this.#socket = null;
    this.#room = null;
    socket?.close();
    this.#round?.take({ kind: 'socket-lost' });
    if (this.isOver) return;
    const retryInMs = retryMs(this.#attempt, this.#ports.random);
    this.#setStatus({ kind: 'offline', retryInMs });
    this.#cancelTimer = this.#ports.clock.after(retryInMs, () => this.#connect());
  }

  /** `because` is what a round that is under way ends with; its secrets are erased before anything else. */
  #end(status: ParticipantStatus, because: ClientEvent): void {
    this.#cancelTimer?.();
    const socket = this.#socket;
    this.#socket = null;
    this.#round?.take(because);
    socket?.close();
    this.#setStatus(status);
  }

  #fail(detail: string): void {
    this.#end({ kind: 'failed', detail }, runOver('This tab could not go on.'));
  }

  /** Nothing more happens in this session. */
  get isOver(): boolean {
    return ['finished', 'left', 'failed'].includes(this.#status.kind);
  }

  #send(message: ToCoordinator): void {
    if (this.#socket === null) return;
    const frame = encodeMessage(message);
    this.#ledger.record(this.#ports.clock.nowMs(), message.kind, frame.length);
    if ('sid' in message) this.#roundBytes += frame.length;
    this.#socket.send(frame);
  }

  // ── what the coordinator says ─────────────────────────────────────────────────────────────────

  #receive(frame: Uint8Array): void {
    const decoded = decodeToParticipant(frame);
    if (decoded.ok) this.#take(decoded.value);
    else
      this.#fail(
        'The coordinator sent something this page cannot read. Reload it; if it stays so, tell whoever runs it.',
      );
  }

  #take(message: ToParticipant): void {
    switch (message.kind) {
      case 'welcome':
        return void this.#seat(message);
      case 'room':
        this.#room = { here: message.here, needed: message.needed };
        if (this.#status.kind === 'waiting') this.#wait();
        return;
      case 'offer':
        return this.#offered(message);
      case 'roster':
      case 'result':
      case 'abort':
        return this.#inRound(message.sid)?.take(roundEventOf(message));
      case 'finished': {
        const { outcome, rounds } = message;
        const modelHash = modelHashOfBytes(message.modelHash);
        return this.#end(
          { kind: 'finished', outcome, rounds, modelHash },
          runOver('The run ended before this round did.'),
        );
      }
      case 'fault':
        // A connection that the coordinator has not yet missed: it will, and the next try succeeds.
        if (message.closing && message.code !== 'duplicate-participant')
          this.#fail(faultInWords(message.code));
        return;
      default:
        return unreachable(message);
    }
  }

  /** A message of an attempt this participant is not in is for nobody. */
  #inRound(sid: Uint8Array): ParticipantRound | null {
    return this.#round !== null && this.#round.sid === bytesToHex(sid) ? this.#round : null;
  }

  /** Loads the shard and starts the backend; both stay where the seat is the same after a reconnect. */
  async #seat(welcome: Welcome): Promise<void> {
    this.#cancelTimer?.();
    const before = this.#seated;
    this.#welcome = welcome;
    if (
      before === null ||
      !sameShard(before.welcome.shard, welcome.shard) ||
      before.welcome.task.id !== welcome.task.id
    ) {
      this.#seated = null;
      const examples = await this.#load(welcome);
      if (examples === null) return;
      this.#seated = { welcome, examples };
    } else this.#seated = { welcome, examples: before.examples };
    this.#attempt = 0;
    this.#wait();
    this.#send({ kind: 'ready', backend: this.#backend ?? '' });
  }

  /** Null where it failed, or where the connection it was loaded for is gone: the next welcome loads again. */
  async #load(welcome: Welcome): Promise<Examples | null> {
    const socket = this.#socket;
    this.#setStatus({ kind: 'loading', fraction: 0 });
    const loading = this.#ports.data.load(welcome.task, welcome.shard, (fraction) => {
      if (this.#socket === socket) this.#setStatus({ kind: 'loading', fraction });
    });
    this.#loading = Promise.all([this.#loading, loading]);
    const loaded = await loading;
    if (this.#socket !== socket) return null;
    if (!loaded.ok) {
      const { code, detail } = loaded.fault;
      // A coordinator that restarts answers no download for a while either.
      if (code === 'unreachable' && ++this.#failedLoads < LOAD_ATTEMPTS) this.#lost();
      else this.#fail(`Your part of the data could not be loaded: ${detail} Reload the page to try again.`);
      return null;
    }
    this.#failedLoads = 0;
    this.#dataKept = true;
    const backend = await this.#ports.trainer.start();
    if (this.#socket !== socket) return null;
    if (!backend.ok) {
      this.#fail(`This device cannot train: ${backend.fault.detail}`);
      return null;
    }
    this.#backend = backend.value;
    return loaded.value;
  }

  #offered(offer: Offer): void {
    if (this.#seated === null || this.#welcome === null) return;
    const { welcome, examples } = this.#seated;
    const sid = sidOfOffer(encodeMessage(offer), welcome.coordinatorKey);
    // An offer is joined at most once (OFFER-3), and one round at a time.
    if (this.#seen.has(sid) || this.#round !== null || offer.run !== this.#run) return;
    this.#seen.add(sid);
    this.#roundBytes = 0;
    const context = {
      self: this.#self,
      sid,
      offer,
      task: welcome.task,
      examples,
      shard: welcome.shard,
      policy: POLICY,
    };
    let begun: ParticipantRound | null = null;
    const round = new ParticipantRound(context, this.#ports, {
      send: (message) => this.#send(message),
      bufferedBytes: () => this.#socket?.bufferedBytes() ?? 0,
      changed: () => this.#roundChanged(),
      ended: () => {
        if (begun !== null) this.#roundEnded(begun);
      },
    });
    begun = round;
    this.#round = round;
    if (isOver(round.state)) this.#roundEnded(round);
    else this.#roundChanged();
  }

  #roundChanged(): void {
    if (this.#round === null || this.#socket === null) return;
    const progress = progressOf(this.#round);
    if (progress !== null) this.#setStatus({ kind: 'in-round', progress });
  }

  #roundEnded(round: ParticipantRound): void {
    if (this.#round !== round) return;
    this.#round = null;
    this.#rounds = [...this.#rounds, outcomeOf(round, this.#roundBytes)];
    if (this.#socket === null) this.#changed();
    else this.#wait();
  }

  // ── what is shown ─────────────────────────────────────────────────────────────────────────────

  /** Until the coordinator says how many are here, this participant knows of itself. */
  #wait(): void {
    const { here, needed } = this.#room ?? { here: 1, needed: this.#welcome?.minCohort ?? MIN_COHORT };
    this.#setStatus({ kind: 'waiting', here, needed });
  }

  #setStatus(status: ParticipantStatus): void {
    this.#status = status;
    this.#changed();
  }

  #changed(): void {
    this.#onView(this.view());
  }

  view(): ParticipantView {
    const shard: ShardReference | null = this.#welcome?.shard ?? null;
    return {
      status: this.#status,
      participant: this.#self,
      task: this.#welcome?.task ?? null,
      shard,
      examples: this.#seated?.examples.count ?? null,
      backend: this.#backend,
      rounds: this.#rounds,
      sent: this.#ledger.rows,
      bytesSent: this.#ledger.totalBytes,
      dataKept: this.#dataKept,
    };
  }
}

const sameShard = (a: ShardReference, b: ShardReference) => a.index === b.index && a.of === b.of;
const runOver = (detail: string): ClientEvent => ({ kind: 'abort', code: 'stopped', detail });
