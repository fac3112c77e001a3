/**
 * The coordinator's side of one attempt at a round: feeds the pure machine (round/coordinator) with what happens, and
 * does what it says, in order. It decides nothing of the protocol; what is to be persisted is stored before the next
 * effect. The coordinator runs it on sockets and disks, the schedules on virtual time.
 */
import { bytesToHex, hexToBytes } from '../../base/bytes.ts';
import type { ParticipantId } from '../../base/ids.ts';
import { invariant, unreachable } from '../../base/invariant.ts';
import type { Signer } from '../../crypto/identity.ts';
import { indicesOf } from '../../protocol/bitset.ts';
import type { Fault } from '../../protocol/faults.ts';
import type { Offer, ToCoordinator, ToParticipant } from '../../protocol/messages/directions.ts';
import { advertiseDigest } from '../../protocol/transcript.ts';
import { bytesOfParameters } from '../../tasks/parameters.ts';
import { advertisedDigest } from '../coordinator/cohort.ts';
import { begin, step } from '../coordinator/step.ts';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorStep,
  RoundPlan,
  StateOf,
} from '../coordinator/types.ts';
import { RoundMessages } from '../round-messages.ts';
import { eraseRebuilt, rebuildSecrets, type RebuiltSecrets } from '../unmasking.ts';
import { vectorBits } from '../vector.ts';
import { isSending, lettersOf } from './letters.ts';
import { openSum, type Opened, type OpeningPorts } from './opening.ts';
import { Timers, type After } from './timers.ts';
import { UploadTurns } from './upload-turns.ts';
import { Uploads } from './uploads.ts';

export type RoundMessage = Extract<ToCoordinator, { sid: unknown }>;
export type EndState = StateOf<'done' | 'aborted'>;

export interface AttemptPorts extends OpeningPorts {
  /** Of this coordinator. */
  readonly signer: Signer;
  readonly after: After;
  /** A participant whose connection closed may come back within this time. */
  readonly graceMs: number;
  /** How many may upload at one time; UPLOADS_AT_ONCE unless said. */
  readonly uploadsAtOnce?: number;
  /** Whether an invitation leads to a participant. */
  invited(chain: Uint8Array, participant: ParticipantId): boolean;
  /** Stores that the attempt is under way, and then sends its offer. */
  begin(): Promise<void>;
  send(to: ParticipantId, message: ToParticipant): void;
  /** Breaks the connection of one that broke the offer's terms. */
  expel(id: ParticipantId): void;
  /** From here on the masked sum of these may be opened: on disk when it resolves. */
  unmasking(survivors: readonly ParticipantId[]): Promise<void>;
  commit(state: StateOf<'done'>, opened: Opened, model: Uint8Array): Promise<void>;
  abort(state: StateOf<'aborted'>, detail: string): Promise<void>;
  /** Something a page may show has changed. */
  changed(): void;
  /** The machine has reached its end and everything is stored and sent. */
  ended(opened: Opened | null): void;
  /** An effect threw: a bug or a full disk; the run cannot go on. */
  failed(error: unknown): void;
}

/** What the attempt is about; `global` is the model of the offer, [d]. */
export interface AttemptTerms {
  readonly plan: RoundPlan;
  readonly offer: Offer;
  readonly global: Float32Array;
}

export class AttemptDriver {
  readonly #terms: AttemptTerms;
  readonly #ports: AttemptPorts;
  readonly #machine: typeof step;
  readonly #uploads: Uploads;
  readonly #turns: UploadTurns;
  readonly #messages: RoundMessages;
  readonly #timers: Timers;
  #state: CoordinatorState;
  #queue: Promise<void> = Promise.resolve();
  #rebuilt: RebuiltSecrets | null = null;
  #opened: Opened | null = null;
  #disposed = false;

  /** `machine` is the protocol; another one only where a fault is planted. */
  constructor(terms: AttemptTerms, ports: AttemptPorts, machine: typeof step = step) {
    const { plan, offer } = terms;
    this.#terms = terms;
    this.#ports = ports;
    this.#machine = machine;
    this.#timers = new Timers((ms, run) => ports.after(ms, run));
    const { suite, uploadsAtOnce } = ports;
    this.#uploads = new Uploads(plan.vectorWords, vectorBits(offer), suite.sha256, uploadsAtOnce);
    this.#turns = new UploadTurns(this.#uploads, {
      timers: this.#timers,
      grant: ({ to, nextChunk }) =>
        ports.send(to, { kind: 'upload-grant', sid: hexToBytes(plan.sid), nextChunk }),
      enqueue: (work) => this.#enqueue(work),
    });
    this.#messages = new RoundMessages(plan.sid, ports.suite, (chain, id) => ports.invited(chain, id));
    const first = begin(plan);
    this.#state = first.state;
    this.#enqueue(async () => {
      await ports.begin();
      await this.#perform(first.effects);
    });
  }

  get state(): CoordinatorState {
    return this.#state;
  }

  get plan(): RoundPlan {
    return this.#terms.plan;
  }

  /** Pairs whose shares went without and through the coordinator. */
  get pairs(): { readonly direct: number; readonly relayed: number } {
    return this.#messages.pairs;
  }

  receive(from: ParticipantId, message: RoundMessage): void {
    this.#enqueue(() => this.#read(from, message));
  }

  /** Its connection closed; it may come back in time. */
  disconnected(from: ParticipantId): void {
    this.#timers.start(`grace ${from}`, this.#ports.graceMs, () => this.left(from));
  }

  /** It said that it leaves, did not come back in time, or came back without its secrets. */
  left(from: ParticipantId): void {
    this.#timers.cancel(`grace ${from}`);
    this.#enqueue(async () => {
      this.#turns.withdraw(from);
      await this.#step({ kind: 'gone', from });
    });
  }

  /** It is connected again, and still in this attempt. */
  returned(from: ParticipantId): void {
    this.#timers.cancel(`grace ${from}`);
    this.#take({ kind: 'returned', from });
  }

  stop(): void {
    this.#take({ kind: 'stop' });
  }

  /** Nothing is sent or stored any more, and everything uploaded is forgotten. */
  dispose(): void {
    this.#disposed = true;
    this.#timers.cancelAll();
    this.#forget();
  }

  /** Events are taken one after another; each one's effects are done before the next is looked at. */
  #take(event: CoordinatorEvent): void {
    this.#enqueue(() => this.#step(event));
  }

  #enqueue(work: () => Promise<void>): void {
    const unlessDisposed = async () => {
      if (!this.#disposed) await work();
    };
    this.#queue = this.#queue.then(unlessDisposed).catch((error: unknown) => this.#ports.failed(error));
  }

  async #read(from: ParticipantId, message: RoundMessage): Promise<void> {
    switch (message.kind) {
      case 'accept':
      case 'masked-ready':
        return this.#step({ kind: message.kind, from });
      case 'decline':
        this.#turns.withdraw(from);
        return this.#step({ kind: 'decline', from, reason: message.reason });
      case 'progress':
        return this.#step({ kind: 'progress', from, percent: message.percent });
      case 'advertise': {
        if (!(await this.#messages.isSound(from, message)))
          return this.#fault(
            from,
            'bad-signature',
            'This advertise is not signed by an invited participant.',
          );
        const digest = advertiseDigest(message);
        const maskKey = bytesToHex(message.maskKey);
        const next = this.#machine(this.#state, { kind: 'advertise', from, digest, maskKey });
        // TRAIN-3: before anything is sent of a roster that it completes.
        if (advertisedDigest(next.state, from) === digest) this.#messages.keepAdvertise(from, message);
        return this.#apply(next);
      }
      case 'shares':
        if (!(await this.#wanted({ kind: 'shares', from }, 'relay-shares'))) return;
        for (const [to, share] of this.#messages.relay(from, message))
          this.#sendTo(to, { kind: 'relayed', sid: hexToBytes(this.plan.sid), shares: [share] });
        return;
      case 'shared': {
        const size = 'cohort' in this.#state ? this.#state.cohort.roster.length : 0;
        const held = indicesOf(message.held, size);
        const direct = indicesOf(message.direct, size);
        if (!held.ok || !direct.ok)
          return this.#fault(from, 'wrong-length', 'These are no sets of members of the roster.');
        if (this.#state.kind === 'sharing') this.#messages.countDirect(from, direct.value.length);
        return this.#step({ kind: 'shared', from, held: held.value });
      }
      case 'masked':
        return this.#readChunk(from, message);
      case 'confirm':
        if (
          'u3' in this.#state &&
          this.#state.kind !== 'opening' &&
          !(await this.#messages.confirm(from, message))
        )
          return this.#fault(
            from,
            'bad-signature',
            'This signature is over another set, or not by its sender.',
          );
        return this.#step({ kind: 'confirm', from });
      case 'reveal': {
        const of = message.shares.map((share) => share.of);
        const next = this.#machine(this.#state, { kind: 'reveal', from, of });
        if (next.effects.some((effect) => effect.kind === 'take-shares'))
          this.#messages.takeShares(from, message);
        return this.#apply(next);
      }
      default:
        return unreachable(message);
    }
  }

  async #readChunk(from: ParticipantId, chunk: Extract<RoundMessage, { kind: 'masked' }>): Promise<void> {
    if (!(await this.#wanted({ kind: 'chunk', from }, 'take-chunk'))) return;
    const taken = this.#turns.take(from, chunk);
    if (!taken.ok) {
      this.#ports.send(from, { kind: 'fault', ...taken.fault, closing: true });
      this.#ports.expel(from);
      this.#turns.withdraw(from);
      return this.#step({ kind: 'gone', from });
    }
    if (taken.value === 'complete') return this.#step({ kind: 'uploaded', from });
  }

  /** Whether the machine wants what a message carries; everything else it says is done. */
  async #wanted(event: CoordinatorEvent, by: CoordinatorEffect['kind']): Promise<boolean> {
    const next = this.#machine(this.#state, event);
    this.#state = next.state;
    await this.#perform(next.effects.filter((effect) => effect.kind !== by));
    return next.effects.some((effect) => effect.kind === by);
  }

  async #step(event: CoordinatorEvent): Promise<void> {
    await this.#apply(this.#machine(this.#state, event));
  }

  async #apply(next: CoordinatorStep): Promise<void> {
    this.#state = next.state;
    await this.#perform(next.effects);
    if (this.#disposed || (this.#state.kind !== 'done' && this.#state.kind !== 'aborted')) return;
    this.dispose();
    this.#ports.ended(this.#opened);
  }

  async #perform(effects: readonly CoordinatorEffect[]): Promise<void> {
    for (const effect of effects) {
      if (this.#disposed) return;
      await this.#do(effect);
    }
  }

  async #do(effect: CoordinatorEffect): Promise<void> {
    if (isSending(effect)) {
      const letters = await lettersOf(effect, this.plan.sid, this.#messages, this.#ports.signer);
      for (const { to, message } of letters) this.#ports.send(to, message);
      return;
    }
    const { state } = this;
    switch (effect.kind) {
      case 'start-timer':
        return this.#timers.start(effect.phase, effect.ms, () =>
          this.#take({ kind: 'deadline', phase: effect.phase }),
        );
      case 'cancel-timer':
        return this.#timers.cancel(effect.phase);
      case 'queue-upload':
        return this.#turns.ask(effect.from);
      case 'freeze-uploads':
        return this.#uploads.freeze();
      case 'rebuild':
        return this.#rebuild(effect.survivors, effect.dropped);
      case 'open-sum':
        return this.#open();
      case 'discard-uploads':
        return this.#forget();
      case 'persist-unmasking':
        return this.#ports.unmasking(this.#survivors());
      case 'persist-done':
        invariant(state.kind === 'done' && this.#opened, 'a sum was opened before it is stored');
        return this.#ports.commit(state, this.#opened, bytesOfParameters(this.#opened.parameters));
      case 'persist-aborted':
        invariant(state.kind === 'aborted', 'an abort is stored when there is one');
        return this.#ports.abort(state, effect.detail);
      case 'publish':
        return this.#ports.changed();
      // Done where the message was read.
      case 'relay-shares':
      case 'take-chunk':
      case 'take-shares':
        return;
      default:
        return unreachable(effect);
    }
  }

  async #rebuild(survivors: readonly number[], dropped: readonly number[]): Promise<void> {
    const terms = this.#messages.unmaskTerms(survivors, dropped);
    const rebuilt = rebuildSecrets(terms, this.#messages.revealed);
    if (!rebuilt.ok) return this.#step({ kind: 'rebuild-failed', detail: rebuilt.fault });
    this.#rebuilt = rebuilt.value;
    return this.#step({ kind: 'rebuilt' });
  }

  async #open(): Promise<void> {
    const { state } = this;
    invariant(state.kind === 'opening' && this.#rebuilt, 'a sum is opened with every secret rebuilt');
    const dropped = [...state.u2].filter((index) => !state.u3.has(index));
    const masks = this.#messages.unmaskTerms([...state.u3], dropped);
    const masked = { sum: this.#uploads.sum, masks, rebuilt: this.#rebuilt };
    const opened = await openSum(masked, { ...this.#terms, sid: this.plan.sid }, this.#ports);
    if (!opened.ok) return this.#step({ kind: 'unopenable', detail: opened.fault });
    this.#opened = opened.value;
    const { sumHash, modelHash } = opened.value;
    return this.#step({ kind: 'opened', sumHash, modelHash });
  }

  #sendTo(index: number, message: ToParticipant): void {
    const entry = this.#messages.cohort.roster[index];
    if (entry !== undefined) this.#ports.send(entry.participant, message);
  }

  #fault(to: ParticipantId, code: Fault['code'], detail: string): void {
    this.#ports.send(to, { kind: 'fault', code, detail, closing: false });
  }

  #forget(): void {
    this.#uploads.discard();
    this.#messages.erase();
    if (this.#rebuilt !== null) eraseRebuilt(this.#rebuilt);
    this.#rebuilt = null;
  }

  #survivors(): ParticipantId[] {
    const { state } = this;
    invariant('u3' in state, 'who is in the sum is final when it may be opened');
    return state.cohort.roster.flatMap(({ participant }, index) =>
      state.u3.has(index) ? [participant] : [],
    );
  }
}
