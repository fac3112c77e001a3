/**
 * One attempt at a round in a participant: feeds the pure machine (round/client) and does what it says. Holds
 * what the machine only names: the update, the secrets, the training under way. All of it is zeroed when the
 * machine says so, which is on every way out.
 */
import { hexToBytes } from '../base/bytes.ts';
import { isRunId, type ParticipantId, type RunId, type Sid } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import type { Signer } from '../crypto/identity.ts';
import type { Examples } from '../data/examples.ts';
import type { ShardReference } from '../data/shards.ts';
import { bitsetOf } from '../protocol/bitset.ts';
import type { Advertise, Offer, ToCoordinator, ToCoordinatorOf } from '../protocol/messages/directions.ts';
import { advertiseBody, advertiseDigest, confirmBody } from '../protocol/transcript.ts';
import { countedOffer, limitsOf, refusalInWords } from '../round/client/privacy-policy.ts';
import { begin, isOver, step } from '../round/client/step.ts';
import type {
  ClientEffect,
  ClientEvent,
  ClientPolicy,
  ClientState,
  ClientStep,
  Resendable,
  Seat,
} from '../round/client/types.ts';
import { RoundSecrets } from '../round/secrets.ts';
import type { Task } from '../tasks/task.ts';
import { LocalUpdate } from './local-update.ts';
import { PeerExchange } from './peer-exchange.ts';
import type { UpdateFate } from './own-update.ts';
import type { BatchProgress, ParticipantPorts, PeerRecognition } from './ports.ts';
import { RosterCheck, type Inspect } from './roster-check.ts';
import { RoundInbox, type Evidence, type RoundMessage } from './round-inbox.ts';
import { sendMasked } from './upload.ts';
import type { PeerView } from './view.ts';

export interface RoundContext {
  readonly run: RunId;
  readonly self: ParticipantId;
  readonly signer: Signer;
  /** From the admin's key to this participant (protocol/invitation). */
  readonly chain: Uint8Array;
  readonly inspect: Inspect;
  readonly coordinatorKey: Uint8Array;
  readonly sid: Sid;
  readonly offer: Offer;
  readonly task: Task;
  readonly examples: Examples;
  readonly shard: ShardReference;
  readonly policy: ClientPolicy;
}

export interface RoundListener {
  send(message: ToCoordinator): void;
  /** Bytes that were sent and have not left yet. */
  bufferedBytes(): number;
  /** Bytes went directly to a peer. */
  sentToPeer(kind: string, bytes: number): void;
  /** Links that a connection is open with now. */
  openLinks(): ReadonlySet<string>;
  changed(): void;
  /** The machine is at its end; called once. */
  ended(): void;
}

export class ParticipantRound {
  readonly #context: RoundContext;
  readonly #ports: ParticipantPorts;
  readonly #listener: RoundListener;
  readonly #inbox: RoundInbox;
  readonly #update: LocalUpdate;
  readonly #sent = new Map<Resendable, ToCoordinator>();
  #state: ClientState;
  #secrets: RoundSecrets | null = null;
  #advertise: Advertise | null = null;
  #roster: RosterCheck | null = null;
  #exchange: PeerExchange | null = null;
  /** Boxes and frames that came before this participant had its own seat. */
  #early: (() => void)[] = [];
  #evidence: Evidence | null = null;
  #met: ReadonlyMap<ParticipantId, PeerRecognition> = new Map();
  #cancelTimer: (() => void) | null = null;
  #percentSent = 0;
  #uploading = 0;

  constructor(context: RoundContext, ports: ParticipantPorts, listener: RoundListener) {
    this.#context = context;
    this.#ports = ports;
    this.#listener = listener;
    this.#update = new LocalUpdate(context, ports, () => this.#onBatch());
    const { self, sid, offer, task, policy, coordinatorKey } = context;
    this.#inbox = new RoundInbox({ sid, coordinatorKey, suite: ports.suite }, (event) => this.take(event));
    const first = begin(self, sid, offer, task, policy);
    this.#state = first.state;
    this.#apply(first);
  }

  get state(): ClientState {
    return this.#state;
  }

  get offer(): Offer {
    return this.#context.offer;
  }

  get sid(): Sid {
    return this.#context.sid;
  }

  /** The newest batch; null before the first. */
  get progress(): BatchProgress | null {
    return this.#update.progress;
  }

  /** Own mean loss of the last epoch; null before training has finished. */
  get meanLoss(): number | null {
    return this.#update.meanLoss;
  }

  /** What became of the update, other than being sent as it is; null, too, before training has finished. */
  get fate(): UpdateFate | null {
    return this.#update.fate;
  }

  /** Two signed values for one sid, where the coordinator was caught; else null. */
  get evidence(): Evidence | null {
    return this.#evidence;
  }

  /** How each neighbour is reached; null before there is a roster. */
  get peers(): readonly PeerView[] | null {
    if (this.#exchange === null || this.#roster === null) return null;
    const { entries, seat } = this.#roster;
    return seat.neighbours.flatMap((index) => {
      const id = entries[index]?.participant;
      const reach = this.#exchange?.reachOf(index) ?? null;
      return id === undefined || reach === null ? [] : [{ id, reach, met: this.#met.get(id) ?? null }];
    });
  }

  take(event: ClientEvent): void {
    if (isOver(this.#state)) return;
    this.#apply(step(this.#state, event));
  }

  /** A message of the coordinator about this attempt. */
  receive(message: RoundMessage): void {
    if (message.kind === 'relayed')
      return this.#withExchange(() => {
        for (const { from, sealed } of message.shares) this.#keep(from, sealed);
      });
    this.#inbox.receive(message);
  }

  linkOpened(link: string): void {
    this.#withExchange(() => this.#exchange?.opened(link));
  }

  linkLost(link: string): void {
    this.#withExchange(() => this.#exchange?.lost(link));
  }

  receiveFromPeer(link: string, frame: Uint8Array): void {
    this.#withExchange(() => this.#exchange?.receive(link, frame));
  }

  /** Whether a direct connection is of use for this attempt. */
  wants(link: string): boolean {
    return this.#exchange?.isNeighbour(link) ?? true;
  }

  /** At once where there is a seat, else when there is; a bounded number of times. */
  #withExchange(run: () => void): void {
    if (isOver(this.#state)) return;
    if (this.#exchange !== null) return run();
    if (this.#early.length < 4 * this.#context.offer.invited) this.#early.push(run);
  }

  #apply(next: ClientStep): void {
    this.#state = next.state;
    for (const effect of next.effects) this.#perform(effect);
    this.#listener.changed();
    if (isOver(next.state)) this.#listener.ended();
  }

  /** Work that answers later runs on its own; its answer is dropped where the round is over by then. */
  #perform(effect: ClientEffect): void {
    const sid = hexToBytes(this.#context.sid);
    switch (effect.kind) {
      case 'send-accept':
        return this.#sendKept('accept', { kind: 'accept', sid });
      case 'send-decline':
        return this.#listener.send({ kind: 'decline', sid, reason: effect.reason });
      case 'send-progress':
        return this.#listener.send({ kind: 'progress', sid, percent: effect.percent });
      case 'send-advertise':
        invariant(this.#advertise, 'an advertise is signed before it is sent');
        return this.#sendKept('advertise', this.#advertise);
      case 'send-shared':
        return this.#sendShared(effect.held);
      case 'send-masked-ready':
        return this.#sendKept('masked-ready', { kind: 'masked-ready', sid });
      case 'resend':
        return this.#resend(effect.what);
      case 'start-timer':
        this.#cancelTimer?.();
        this.#cancelTimer = this.#ports.clock.after(effect.ms, () => this.take({ kind: 'deadline' }));
        return;
      case 'cancel-timer':
        this.#cancelTimer?.();
        this.#cancelTimer = null;
        return;
      case 'train':
        return void this.#update.train().then((event) => this.take(event));
      case 'make-keys':
        return void this.#makeKeys();
      case 'check-roster':
        return void this.#checkRoster(effect);
      case 'exchange-shares':
        return void this.#exchangeShares(effect.seat);
      case 'mask':
        return void this.#mask(effect.peers).then((event) => this.take(event));
      case 'upload':
        return void this.#upload(effect.nextChunk);
      case 'confirm':
        return void this.#confirm(effect);
      case 'reveal':
        return this.#reveal(effect.survivors, effect.dropped);
      case 'erase-masking':
        return this.#secrets?.eraseMasking();
      case 'erase-secrets':
        return this.#erase();
      case 'keep-evidence':
        this.#evidence = this.#inbox.evidenceOf(effect.of);
        return;
      case 'report-fault':
        return;
      default:
        return unreachable(effect);
    }
  }

  #sendKept(what: Resendable, message: ToCoordinator): void {
    this.#sent.set(what, message);
    this.#listener.send(message);
  }

  #resend(what: readonly Resendable[]): void {
    for (const kind of what) {
      if (kind === 'shares') this.#exchange?.relayAgain();
      const message = this.#sent.get(kind);
      if (message !== undefined) this.#listener.send(message);
    }
  }

  #onBatch(): void {
    const { progress } = this.#update;
    if (isOver(this.#state) || progress === null) return;
    const percent = Math.floor((100 * progress.batch) / progress.batches);
    // A step of five is news enough for the coordinator; every batch is for the page.
    if (percent >= this.#percentSent + 5) {
      this.#percentSent = percent;
      this.take({ kind: 'progress', percent });
    } else this.#listener.changed();
  }

  async #makeKeys(): Promise<void> {
    const { sid, self, chain, signer } = this.#context;
    const link = await this.#ports.links.localId;
    if (isOver(this.#state)) return;
    this.#secrets = new RoundSecrets(sid, this.#ports.suite, this.#ports.random);
    const unsigned = this.#secrets.advertise(
      self,
      chain,
      link === null ? new Uint8Array() : hexToBytes(link),
    );
    const signature = await signer.sign(
      'advertise',
      advertiseBody({ ...unsigned, signature: new Uint8Array(64) }),
    );
    if (isOver(this.#state)) return;
    this.#advertise = { ...unsigned, signature };
    this.take({ kind: 'keyed', digest: advertiseDigest(this.#advertise) });
  }

  async #checkRoster({ root, entries }: Extract<ClientEffect, { kind: 'check-roster' }>): Promise<void> {
    const { self, offer, inspect } = this.#context;
    const checked = await RosterCheck.of(
      { self, offer, root, entries, advertises: this.#inbox.advertises },
      this.#ports.suite,
      inspect,
    );
    if (isOver(this.#state)) return;
    if (!checked.ok) return this.take({ kind: 'roster-refused', detail: checked.fault });
    this.#roster = checked.value;
    this.#inbox.seat(root, entries.length, checked.value);
    void this.#recognize(checked.value);
    this.take({ kind: 'roster-checked', seat: checked.value.seat });
  }

  /** Beside the round, which it neither delays nor ends. */
  async #recognize({ chains }: RosterCheck): Promise<void> {
    const { acquaintances } = this.#ports;
    if (acquaintances === null || !isRunId(this.#context.offer.run)) return;
    this.#met = await acquaintances.recognizePeers(this.#context.offer.run, chains);
    this.#listener.changed();
  }

  async #exchangeShares(seat: Seat): Promise<void> {
    const { sid, signer } = this.#context;
    const { suite, links, clock } = this.#ports;
    const roster = this.#roster;
    invariant(this.#secrets && roster && this.#advertise, 'keys and roster are there when shares are dealt');
    const dealt = await this.#secrets.deal(seat, roster.advertises);
    if (isOver(this.#state)) return;
    if (!dealt.ok) return this.take({ kind: 'leave' });
    const terms = {
      sid,
      seat,
      advertise: this.#advertise,
      advertises: roster.advertises,
      boxes: dealt.value,
    };
    this.#exchange = new PeerExchange(terms, {
      links,
      clock,
      suite,
      signer,
      relay: (shares) => this.#listener.send({ kind: 'shares', sid: hexToBytes(sid), shares: [...shares] }),
      box: (from, sealed) => this.#keep(from, sealed),
      sent: (kind, bytes) => this.#listener.sentToPeer(kind, bytes),
      changed: () => this.#listener.changed(),
    });
    this.#exchange.start(this.#listener.openLinks());
    for (const run of this.#early.splice(0)) run();
  }

  #keep(from: number, sealed: Uint8Array): void {
    if (!isOver(this.#state) && this.#secrets?.keep(from, sealed)) this.take({ kind: 'share-held', from });
  }

  #sendShared(held: readonly number[]): void {
    invariant(this.#roster, 'there is a roster');
    const size = this.#roster.entries.length;
    const direct = bitsetOf(this.#exchange?.direct ?? [], size);
    const sid = hexToBytes(this.#context.sid);
    this.#sendKept('shared', { kind: 'shared', sid, held: bitsetOf(held, size), direct });
  }

  /** LEDGER-1: counted, for good, before the first masked byte is made. */
  async #mask(peers: readonly number[]): Promise<ClientEvent> {
    const { self, run, sid, offer, policy } = this.#context;
    const entry = { run, client: self, sid, mechanism: countedOffer(offer) };
    const entered = await this.#ports.ledger.enter(entry, limitsOf(offer, policy));
    if (!entered.ok) return { kind: 'mask-failed', detail: refusalInWords(entered.fault) };
    if (isOver(this.#state))
      return { kind: 'mask-failed', detail: 'The round was over before it was masked.' };
    const { words } = this.#update;
    invariant(this.#secrets && words, 'secrets and update are there when it masks');
    const masked = await this.#secrets.mask(words, peers, () => this.#pause(0));
    if (!masked.ok) return { kind: 'mask-failed', detail: 'No mask can be agreed with a neighbour.' };
    this.#update.pack();
    return { kind: 'masked' };
  }

  async #upload(nextChunk: number): Promise<void> {
    const { packed, laneBits } = this.#update;
    invariant(packed, 'a masked vector is there when it is sent');
    const turn = ++this.#uploading;
    const done = await sendMasked(
      { sid: hexToBytes(this.#context.sid), packed, laneBits, nextChunk },
      {
        send: (message: ToCoordinatorOf<'masked'>) => this.#listener.send(message),
        bufferedBytes: () => this.#listener.bufferedBytes(),
        pause: this.#pause,
        // A newer turn, after a reconnect, takes over.
        isWanted: () => turn === this.#uploading && this.#state.kind === 'uploading',
      },
    );
    if (done && this.#state.kind === 'uploading') this.take({ kind: 'uploaded' });
  }

  async #confirm({ u2, u3 }: Extract<ClientEffect, { kind: 'confirm' }>): Promise<void> {
    invariant(this.#roster, 'there is a roster');
    const { sid, signer } = this.#context;
    const { seat } = this.#roster;
    const [u2Bits, u3Bits] = [hexToBytes(u2.bits), hexToBytes(u3.bits)];
    const signature = await signer.sign('confirm', confirmBody(sid, hexToBytes(seat.root), u2Bits, u3Bits));
    if (!isOver(this.#state)) this.#sendKept('confirm', { kind: 'confirm', sid: hexToBytes(sid), signature });
  }

  #reveal(survivors: readonly number[], dropped: readonly number[]): void {
    invariant(this.#secrets, 'secrets are there when shares are revealed');
    const shares = this.#secrets.reveal(survivors, dropped);
    this.#sendKept('reveal', { kind: 'reveal', sid: hexToBytes(this.#context.sid), shares: [...shares] });
  }

  #pause = (ms: number) => new Promise<void>((resolve) => void this.#ports.clock.after(ms, resolve));

  #erase(): void {
    this.#update.erase();
    this.#secrets?.erase();
    this.#secrets = null;
    this.#exchange?.stop();
    this.#early = [];
    this.#sent.clear();
  }
}
