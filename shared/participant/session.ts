/**
 * The client application: joins a run, loads its shard, waits, takes part in one round after another, and comes
 * back by itself when the connection is lost. A tab's worker and a Node participant run this same code.
 */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId, type RunId } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import type { Signer } from '../crypto/identity.ts';
import type { Examples } from '../data/examples.ts';
import type { ShardReference } from '../data/shards.ts';
import { entriesOfClient, type OwnEntry } from '../privacy/participant-ledger.ts';
import { decodeOffer, decodeToParticipant, encodeMessage } from '../protocol/codec.ts';
import {
  chainFor,
  decodeInvitation,
  fingerprintOf,
  verifyChain,
  type Invitation,
} from '../protocol/invitation.ts';
import { MAX_COHORT, MAX_VECTOR_WORDS, MIN_COHORT, PROTOCOL_VERSION } from '../protocol/limits.ts';
import type {
  ToCoordinator,
  ToParticipant,
  ToParticipantOf,
  Welcome,
} from '../protocol/messages/directions.ts';
import { helloBody, sidOfOffer } from '../protocol/transcript.ts';
import { isOver } from '../round/client/step.ts';
import type { ClientEvent, ClientPolicy } from '../round/client/types.ts';
import { faultInWords } from './fault-words.ts';
import { ParticipantRound } from './participant-round.ts';
import type { PeerLinkEvent } from './peer-links.ts';
import type { ParticipantPorts, Socket } from './ports.ts';
import { retryMs } from './reconnection.ts';
import type { Inspect } from './roster-check.ts';
import { modelHashOfBytes } from './round-events.ts';
import { outcomeOf, progressOf } from './round-words.ts';
import { SentLedger } from './sent-ledger.ts';
import type { Consent, ParticipantStatus, ParticipantView, RoundOutcome } from './view.ts';

const NO_LIMIT: Consent = { promised: null, ownLimit: { epsilon: Infinity, delta: 1e-5 } };

/** So often is one model tried without noise after this participant has revealed its shares for it. */
export const MAX_REPEATS = 3;

/** What a participant insists on, whatever it is offered. */
const POLICY: Omit<ClientPolicy, 'ownLimit' | 'promised' | 'ledger' | 'revealed'> = {
  minCohort: MIN_COHORT,
  minSurvivors: MIN_COHORT,
  minHonest: 2,
  maxVectorWords: MAX_VECTOR_WORDS,
  maxEpochs: 100,
  maxRepeats: MAX_REPEATS,
};

/** From the first try to the welcome; what has not come by then does not come. */
const WELCOME_MS = 15_000;
/** A shard that cannot be reached this often in a row needs a person. */
const LOAD_ATTEMPTS = 4;

/** This participant, once its identity is open. */
interface Self {
  readonly id: ParticipantId;
  readonly signer: Signer;
  readonly slot: number | null;
  /** From the admin's key to this identity. */
  readonly chain: Uint8Array;
}

type Seated = { readonly welcome: Welcome; readonly examples: Examples };

export class ParticipantSession {
  readonly #ports: ParticipantPorts;
  readonly #run: RunId;
  #consent: Consent;
  #ownEntries: readonly OwnEntry[] = [];
  readonly #invitation: Invitation;
  readonly #onView: (view: ParticipantView) => void;
  readonly #ledger = new SentLedger();
  readonly #openLinks = new Set<string>();
  /** Attempts that ended unopened after this participant had revealed its shares, by model. */
  readonly #revealed = new Map<string, number>();
  readonly #chains = new Map<string, ReturnType<Inspect>>();
  #status: ParticipantStatus = { kind: 'idle' };
  #socket: Socket | null = null;
  #self: Self | null = null;
  #coordinatorKey: Uint8Array | null = null;
  #welcome: Welcome | null = null;
  #seated: Seated | null = null;
  #backend: string | null = null;
  #round: ParticipantRound | null = null;
  /** An offer is being looked at: one at a time. */
  #considering = false;
  /** Came before the last attempt's outcome was verified, or while another offer was looked at; the newest one. */
  #nextOffer: ToParticipantOf<'offer'> | null = null;
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
  #paused = false;

  /** `invitation` is the link's fragment; RangeError (with a sentence) where it is none. */
  constructor(
    ports: ParticipantPorts,
    join: { readonly run: RunId; readonly invitation: string; readonly consent?: Consent },
    onView: (view: ParticipantView) => void,
  ) {
    this.#ports = ports;
    this.#run = join.run;
    this.#consent = join.consent ?? NO_LIMIT;
    const invitation = decodeInvitation(join.invitation);
    if (!invitation.ok) throw new RangeError(`invitation: ${invitation.fault}`);
    this.#invitation = invitation.value;
    this.#onView = onView;
    ports.links.onEvent((event) => this.#link(event));
  }

  join(): void {
    if (this.#status.kind !== 'idle') return;
    this.#setStatus({ kind: 'connecting', attempt: 0 });
    void this.#open();
  }

  /** The identity is there before anything is said. */
  async #open(): Promise<void> {
    const { signer, slot } = await this.#ports.identity.open(this.#run);
    const id = bytesToHex(signer.publicKey);
    invariant(isParticipantId(id), 'an Ed25519 public key is a participant id');
    const chain = await chainFor(this.#invitation, this.#run, signer.publicKey);
    if (this.isOver) return;
    this.#self = { id, signer, slot, chain };
    void this.#readLedger();
    this.#connect();
  }

  /** Ends this participation; a round that it masked for may be aborted for everyone by that. */
  leave(): void {
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
    if (!paused && this.#seated !== null) this.#send({ kind: 'ready', backend: this.#backend ?? '' });
    this.#changed();
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
      onOpen: () => {},
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

  /** JOIN-2: the answer to the greeting proves this identity for this connection. */
  async #hello({ nonce, coordinatorKey }: ToParticipantOf<'greeting'>): Promise<void> {
    const [self, socket] = [this.#self, this.#socket];
    invariant(self, 'it connects with its identity');
    this.#coordinatorKey = coordinatorKey;
    const run = this.#run;
    const proof = await self.signer.sign('hello', helloBody(nonce, coordinatorKey, run));
    if (this.#socket !== socket) return;
    this.#send({
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      run,
      participant: self.signer.publicKey,
      chain: self.chain,
      proof,
      shard: this.#welcome?.shard ?? null,
      resume: this.#round === null ? null : hexToBytes(this.#round.sid),
    });
  }

  #lost(): void {
    this.#cancelTimer?.();
    const socket = this.#socket;
    this.#socket = null;
    this.#room = null;
    this.#nextOffer = null;
    socket?.close();
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
    this.#ports.links.closeAll();
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
      case 'greeting':
        return void this.#hello(message);
      case 'welcome':
        return void this.#seat(message);
      case 'room':
        this.#room = { here: message.here, needed: message.needed };
        if (this.#status.kind === 'waiting') this.#wait();
        return;
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
      case 'finished': {
        const { outcome, rounds } = message;
        const modelHash = modelHashOfBytes(message.modelHash);
        return this.#end(
          { kind: 'finished', outcome, rounds, modelHash },
          runOver('The run ended before this round did.'),
        );
      }
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

  /** Loads the shard and starts the backend; both stay where the seat is the same after a reconnect. */
  async #seat(welcome: Welcome): Promise<void> {
    this.#cancelTimer?.();
    if (welcome.onePerProfile && (this.#self?.slot ?? 0) > 0)
      return this.#fail('This run takes one tab of a browser only, and another one of yours is taking part.');
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
    this.#send({ kind: 'ready', backend: this.#backend ?? '' });
    if (this.#round === null) return this.#wait();
    this.#round.take({ kind: 'reconnected' });
    this.#roundChanged();
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

  /** OFFER-3: signed, for this run, stored as seen, and one at a time. */
  async #offered(offer: ToParticipantOf<'offer'>): Promise<void> {
    const [seated, self, coordinatorKey] = [this.#seated, this.#self, this.#coordinatorKey];
    if (seated === null || self === null || coordinatorKey === null) return;
    if (this.#considering || this.#round !== null) {
      this.#nextOffer = offer;
      return;
    }
    const { terms, signature } = offer;
    const decoded = decodeOffer(terms);
    if (!decoded.ok || decoded.value.run !== this.#run) return;
    this.#considering = true;
    const sid = sidOfOffer(terms, coordinatorKey);
    const check = { domain: 'offer', body: terms, signature, publicKey: coordinatorKey } as const;
    const [valid] = await this.#ports.suite.verifyAll([check]);
    const isNew = valid === true && (await this.#ports.attempts.remember(sid, self.id));
    const entries = isNew ? await this.#ports.ledger.entries() : null;
    this.#considering = false;
    if (this.isOver) return;
    if (!isNew) return this.#considerNext();
    if (this.#paused) return this.#send({ kind: 'decline', sid: hexToBytes(sid), reason: 'paused' });
    this.#roundBytes = 0;
    const { welcome, examples } = seated;
    const run = this.#run;
    const ledger = entries?.ok === true ? { entries: entries.value, run, self: self.id, sid } : null;
    const context = {
      run,
      self: self.id,
      signer: self.signer,
      chain: self.chain,
      inspect: this.#inspect,
      coordinatorKey,
      sid,
      offer: decoded.value,
      task: welcome.task,
      examples,
      shard: welcome.shard,
      policy: { ...POLICY, ...this.#consent, ledger, revealed: this.#revealed },
    };
    let begun: ParticipantRound | null = null;
    const round = new ParticipantRound(context, this.#ports, {
      send: (message) => this.#send(message),
      bufferedBytes: () => this.#socket?.bufferedBytes() ?? 0,
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
    // The first offer that is taken is a promise for all that come.
    const promised = this.#consent.promised ?? decoded.value.privacy?.caps ?? null;
    this.#consent = { ...this.#consent, promised };
    this.#roundChanged();
  }

  /** INVITE-2: a peer's invitation must come from the admin of this tab's own link. */
  #inspect: Inspect = (chain, participant) => {
    const key = `${participant} ${bytesToHex(chain)}`;
    const known = this.#chains.get(key);
    if (known) return known;
    const verified = verifyChain(chain, {
      run: this.#run,
      adminKey: this.#invitation.adminKey,
      identity: hexToBytes(participant),
      nowSeconds: Math.floor(this.#ports.clock.nowMs() / 1_000),
      verify: this.#ports.suite.verify,
    });
    // Peers come back every round.
    if (this.#chains.size < MAX_COHORT) this.#chains.set(key, verified);
    return verified;
  };

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
    if (this.#round === null || this.#socket === null) return;
    const progress = progressOf(this.#round);
    if (progress !== null) this.#setStatus({ kind: 'in-round', progress });
  }

  #roundEnded(round: ParticipantRound): void {
    if (this.#round !== round) return;
    this.#round = null;
    const { state, offer } = round;
    if ('revealed' in state && state.revealed) {
      const model = bytesToHex(offer.modelHash);
      this.#revealed.set(model, (this.#revealed.get(model) ?? 0) + 1);
    }
    this.#rounds = [...this.#rounds, outcomeOf(round, this.#roundBytes)];
    void this.#readLedger();
    if (this.#socket === null) this.#changed();
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
      participant: this.#self?.id ?? null,
      adminFingerprint: fingerprintOf(this.#invitation.adminKey),
      task: this.#welcome?.task ?? null,
      shard,
      examples: this.#seated?.examples.count ?? null,
      backend: this.#backend,
      rounds: this.#rounds,
      sent: this.#ledger.rows,
      bytesSent: this.#ledger.totalBytes,
      dataKept: this.#dataKept,
      ownEntries: this.#ownEntries,
      paused: this.#paused,
    };
  }
}

const sameShard = (a: ShardReference, b: ShardReference) => a.index === b.index && a.of === b.of;
const runOver = (detail: string): ClientEvent => ({ kind: 'abort', code: 'stopped', detail });
