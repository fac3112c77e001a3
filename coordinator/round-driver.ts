/**
 * One attempt at a round: feeds the pure machine (round/coordinator) with what happens, and does what it says,
 * in order. It decides nothing of the protocol; what is to be persisted is stored before the next effect.
 */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import { invariant, unreachable } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import { bytesOfWords } from '#shared/numeric/ring.ts';
import type { RoundView } from '#shared/protocol/api.ts';
import { bitsetOf, indicesOf } from '#shared/protocol/bitset.ts';
import type { Fault } from '#shared/protocol/faults.ts';
import { UPLOAD_STALL_MS } from '#shared/protocol/limits.ts';
import type { Offer, ToCoordinator, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { advertiseDigest, rosterBody, rosterList, u2Body, u3Body } from '#shared/protocol/transcript.ts';
import { advertisedDigest } from '#shared/round/coordinator/cohort.ts';
import { begin, step } from '#shared/round/coordinator/step.ts';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  RoundPlan,
  TimedPhase,
} from '#shared/round/coordinator/types.ts';
import { eraseRebuilt, rebuildSecrets, removeMasks, type RebuiltSecrets } from '#shared/round/unmasking.ts';
import { meanOfSum, vectorBits } from '#shared/round/vector.ts';
import { bytesOfParameters, modelHashOf } from '#shared/tasks/parameters.ts';
import { federatedAverage } from '#shared/tasks/strategy.ts';
import { abortMessage, resultMessage } from './outcome-messages.ts';
import { RoundMessages } from '#shared/round/round-messages.ts';
import { roundView } from './round-view.ts';
import { Uploads, type Grant } from './uploads.ts';

export type RoundMessage = Extract<ToCoordinator, { sid: unknown }>;

export interface RoundPorts {
  readonly suite: CryptoSuite;
  /** Of this coordinator. */
  readonly signer: Signer;
  /** A participant whose socket closed may come back within this time. */
  readonly graceMs: number;
  /** Whether an invitation leads to a participant. */
  invited(chain: Uint8Array, participant: ParticipantId): boolean;
  /** Stores that the attempt is under way, and then sends its offer. */
  begin(): Promise<void>;
  send(to: ParticipantId, message: ToParticipant): void;
  /** Breaks the connection of one that broke the offer's terms. */
  expel(id: ParticipantId): void;
  /** From here on the masked sum of these may be opened: on disk when it resolves. */
  unmasking(survivors: readonly ParticipantId[]): Promise<void>;
  /** Spent so far by the participant that has spent most; null where nothing limits it. */
  epsilon(): number | null;
  commit(view: RoundView, model: Uint8Array): Promise<void>;
  abort(view: RoundView, detail: string): Promise<void>;
  /** Something a page may show has changed. */
  changed(): void;
  /** The machine has reached its end and everything is stored and sent. */
  ended(view: RoundView, parameters: Float32Array<ArrayBuffer> | null): void;
  /** An effect threw: a bug or a full disk; the run cannot go on. */
  failed(error: unknown): void;
}

export class RoundDriver {
  readonly #plan: RoundPlan;
  readonly #offer: Offer;
  readonly #global: Float32Array;
  readonly #ports: RoundPorts;
  readonly #uploads: Uploads;
  readonly #messages: RoundMessages;
  readonly #timers = new Map<TimedPhase, NodeJS.Timeout>();
  /** Of those whose socket closed, until they are gone for the machine; and of stalled uploads. */
  readonly #graces = new Map<ParticipantId, NodeJS.Timeout>();
  readonly #stalls = new Map<ParticipantId, NodeJS.Timeout>();
  readonly #bytes = new Map<ParticipantId, number>();
  readonly #startedAtMs = performance.now();
  #state: CoordinatorState;
  #queue: Promise<void> = Promise.resolve();
  #rebuilt: RebuiltSecrets | null = null;
  #model: Float32Array<ArrayBuffer> | null = null;
  #view: RoundView | null = null;
  #disposed = false;

  /** `global` is the model of the offer, [d]. */
  constructor(plan: RoundPlan, offer: Offer, global: Float32Array, ports: RoundPorts) {
    this.#plan = plan;
    this.#offer = offer;
    this.#global = global;
    this.#ports = ports;
    this.#uploads = new Uploads(plan.vectorWords, vectorBits(offer));
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
    return this.#plan;
  }

  /** Pairs whose shares went without and through the coordinator. */
  get pairs(): { readonly direct: number; readonly relayed: number } {
    return this.#messages.pairs;
  }

  /** A message about this attempt; `frameBytes` is its size on the wire. */
  receive(from: ParticipantId, message: RoundMessage, frameBytes: number): void {
    this.#bytes.set(from, (this.#bytes.get(from) ?? 0) + frameBytes);
    this.#enqueue(() => this.#read(from, message));
  }

  /** Its connection closed; it may come back in time. */
  disconnected(from: ParticipantId): void {
    clearTimeout(this.#graces.get(from));
    this.#graces.set(
      from,
      setTimeout(() => this.#gone(from), this.#ports.graceMs),
    );
  }

  /** It said that it leaves, or came back without its secrets. */
  left(from: ParticipantId): void {
    this.#gone(from);
  }

  /** It is connected again, and still in this attempt. */
  returned(from: ParticipantId): void {
    clearTimeout(this.#graces.get(from));
    this.#graces.delete(from);
    this.#take({ kind: 'returned', from });
  }

  stop(): void {
    this.#take({ kind: 'stop' });
  }

  /** Nothing is sent or stored any more, and everything uploaded is forgotten. */
  dispose(): void {
    this.#disposed = true;
    for (const timers of [this.#timers, this.#graces, this.#stalls]) {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    }
    this.#forget();
  }

  #gone(from: ParticipantId): void {
    clearTimeout(this.#graces.get(from));
    this.#graces.delete(from);
    this.#enqueue(async () => {
      this.#grant(this.#uploads.withdraw(from));
      await this.#step({ kind: 'gone', from });
    });
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
        this.#grant(this.#uploads.withdraw(from));
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
        const next = step(this.#state, { kind: 'advertise', from, digest, maskKey });
        // TRAIN-3: before anything is sent of a roster that it completes.
        if (advertisedDigest(next.state, from) === digest) this.#messages.keepAdvertise(from, message);
        return this.#apply(next);
      }
      case 'shares':
        if (!(await this.#wanted({ kind: 'shares', from }, 'relay-shares'))) return;
        for (const [to, share] of this.#messages.relay(from, message))
          this.#sendTo(to, { kind: 'relayed', sid: hexToBytes(this.#plan.sid), shares: [share] });
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
        const next = step(this.#state, { kind: 'reveal', from, of });
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
    const taken = this.#uploads.take(from, chunk);
    this.#watch(from);
    if (!taken.ok) {
      this.#ports.send(from, { kind: 'fault', ...taken.fault, closing: true });
      this.#ports.expel(from);
      this.#grant(this.#uploads.withdraw(from));
      return this.#step({ kind: 'gone', from });
    }
    if (taken.value !== 'complete') return;
    this.#grant(this.#uploads.advance());
    return this.#step({ kind: 'uploaded', from });
  }

  /** Whether the machine wants what a message carries; everything else it says is done. */
  async #wanted(event: CoordinatorEvent, by: CoordinatorEffect['kind']): Promise<boolean> {
    const next = step(this.#state, event);
    this.#state = next.state;
    await this.#perform(next.effects.filter((effect) => effect.kind !== by));
    return next.effects.some((effect) => effect.kind === by);
  }

  async #step(event: CoordinatorEvent): Promise<void> {
    await this.#apply(step(this.#state, event));
  }

  async #apply(next: ReturnType<typeof step>): Promise<void> {
    this.#state = next.state;
    await this.#perform(next.effects);
    if (this.#disposed || (this.#state.kind !== 'done' && this.#state.kind !== 'aborted')) return;
    this.dispose();
    invariant(this.#view, 'an outcome is persisted before the round is over');
    this.#ports.ended(this.#view, this.#model);
  }

  async #perform(effects: readonly CoordinatorEffect[]): Promise<void> {
    for (const effect of effects) {
      if (this.#disposed) return;
      await this.#do(effect);
    }
  }

  async #do(effect: CoordinatorEffect): Promise<void> {
    const sid = hexToBytes(this.#plan.sid);
    switch (effect.kind) {
      case 'send-roster':
        return this.#sendRoster(effect);
      case 'send-relayed': {
        const shares = [...this.#messages.relayedTo(effect.to)];
        if (shares.length > 0) this.#ports.send(effect.to, { kind: 'relayed', sid, shares });
        return;
      }
      case 'send-peers-gone': {
        const gone = bitsetOf(effect.gone, this.#messages.cohort.roster.length);
        return this.#send(effect.to, { kind: 'peers-gone', sid, gone });
      }
      case 'send-mask-request': {
        const { u2 } = this.#messages.sets(effect.u2);
        const body = u2Body(this.#plan.sid, this.#messages.root, u2);
        const signature = await this.#ports.signer.sign('u2', body);
        return this.#send(effect.to, { kind: 'mask-request', sid, u2, signature });
      }
      case 'send-unmask-request': {
        const { u2, u3 } = this.#messages.sets(effect.u2, effect.u3);
        const body = u3Body(this.#plan.sid, this.#messages.root, u2, u3);
        const signature = await this.#ports.signer.sign('u3', body);
        return this.#send(effect.to, { kind: 'unmask-request', sid, u3, signature });
      }
      case 'send-confirmations':
        for (const to of effect.to) {
          const signatures = this.#messages.confirmationsFor(to, effect.confirmed);
          if (signatures.length > 0) this.#ports.send(to, { kind: 'confirmations', sid, signatures });
        }
        return;
      case 'send-result':
        return this.#send(effect.to, await resultMessage(this.#plan.sid, effect, this.#ports.signer));
      case 'send-abort':
        return this.#send(effect.to, await abortMessage(this.#plan.sid, effect, this.#ports.signer));
      case 'send-dismissed':
        return this.#send(effect.to, { kind: 'dismissed', sid, detail: effect.detail });
      case 'send-fault':
        return this.#send([effect.to], { kind: 'fault', ...effect.fault, closing: false });
      case 'start-timer':
        this.#timers.set(
          effect.phase,
          setTimeout(() => this.#take({ kind: 'deadline', phase: effect.phase }), effect.ms),
        );
        return;
      case 'cancel-timer':
        clearTimeout(this.#timers.get(effect.phase));
        this.#timers.delete(effect.phase);
        return;
      case 'queue-upload':
        return this.#grant(this.#uploads.enqueue(effect.from));
      case 'freeze-uploads':
        return this.#uploads.freeze();
      case 'rebuild':
        return this.#rebuild(effect.survivors, effect.dropped);
      case 'open-sum': {
        const opened = await this.#openSum();
        return this.#step(opened.ok ? opened.value : { kind: 'unopenable', detail: opened.fault });
      }
      case 'discard-uploads':
        return this.#forget();
      case 'persist-unmasking':
        return this.#ports.unmasking(this.#survivors());
      case 'persist-done':
        invariant(this.#model, 'a sum was opened before it is stored');
        this.#view = this.#outcome();
        return this.#ports.commit(this.#view, bytesOfParameters(this.#model));
      case 'persist-aborted':
        this.#view = this.#outcome();
        return this.#ports.abort(this.#view, effect.detail);
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

  async #sendRoster({ to, cohort }: Extract<CoordinatorEffect, { kind: 'send-roster' }>): Promise<void> {
    this.#messages.seat(cohort);
    const list = rosterList(cohort.roster);
    const signature = await this.#ports.signer.sign(
      'roster',
      rosterBody(this.#plan.sid, this.#messages.root),
    );
    const sid = hexToBytes(this.#plan.sid);
    for (const id of to) {
      const advertises = this.#messages.neighbours(id);
      this.#ports.send(id, { kind: 'roster', sid, list, advertises, signature });
    }
  }

  #send(to: readonly ParticipantId[], message: ToParticipant): void {
    for (const id of to) this.#ports.send(id, message);
  }

  #sendTo(index: number, message: ToParticipant): void {
    const entry = this.#messages.cohort.roster[index];
    if (entry !== undefined) this.#ports.send(entry.participant, message);
  }

  #fault(to: ParticipantId, code: Fault['code'], detail: string): void {
    this.#ports.send(to, { kind: 'fault', code, detail, closing: false });
  }

  #grant(grants: readonly Grant[]): void {
    for (const { to, nextChunk } of grants) {
      this.#ports.send(to, { kind: 'upload-grant', sid: hexToBytes(this.#plan.sid), nextChunk });
      this.#watch(to);
    }
  }

  /** UPLOAD-3: a turn that is not used goes to the next. */
  #watch(from: ParticipantId): void {
    clearTimeout(this.#stalls.get(from));
    this.#stalls.delete(from);
    if (!this.#uploads.isUploading(from)) return;
    const stalled = () => this.#enqueue(async () => this.#grant(this.#uploads.stalled(from)));
    this.#stalls.set(from, setTimeout(stalled, UPLOAD_STALL_MS));
  }

  async #rebuild(survivors: readonly number[], dropped: readonly number[]): Promise<void> {
    const terms = this.#messages.unmaskTerms(survivors, dropped);
    const rebuilt = rebuildSecrets(terms, this.#messages.revealed);
    if (!rebuilt.ok) return this.#step({ kind: 'rebuild-failed', detail: rebuilt.fault });
    this.#rebuilt = rebuilt.value;
    return this.#step({ kind: 'rebuilt' });
  }

  async #openSum(): Promise<Result<CoordinatorEvent, string>> {
    invariant(this.#state.kind === 'opening' && this.#rebuilt, 'a sum is opened with every secret rebuilt');
    const { sum } = this.#uploads;
    const { u2, u3 } = this.#state;
    const dropped = [...u2].filter((index) => !u3.has(index));
    const masks = this.#messages.unmaskTerms([...u3], dropped);
    const pause = async () => {
      await setImmediate();
    };
    const removed = await removeMasks(sum, masks, this.#rebuilt, this.#ports.suite, pause);
    if (!removed.ok) return fail(removed.fault);
    const terms = { offer: this.#offer, sid: this.#plan.sid };
    const mean = meanOfSum(sum, u3.size, terms, { random: systemRandom, prg: this.#ports.suite.prg });
    if (!mean.ok) return fail(mean.fault);
    const model = federatedAverage(this.#global, mean.value);
    if (!model.ok) return fail(model.fault);
    this.#model = model.value;
    const sumHash = createHash('sha256').update(bytesOfWords(sum)).digest('hex');
    return ok({ kind: 'opened', sumHash, modelHash: modelHashOf(bytesOfParameters(model.value)) });
  }

  #forget(): void {
    this.#uploads.discard();
    this.#messages.erase();
    if (this.#rebuilt !== null) eraseRebuilt(this.#rebuilt);
    this.#rebuilt = null;
  }

  #outcome(): RoundView {
    const seconds = (performance.now() - this.#startedAtMs) / 1_000;
    return roundView(this.#state, {
      bytes: this.#bytes,
      pairs: this.#messages.pairs,
      seconds,
      epsilon: this.#ports.epsilon(),
    });
  }

  #survivors(): ParticipantId[] {
    const { state } = this;
    invariant('u3' in state, 'who is in the sum is final when it may be opened');
    return state.cohort.roster.flatMap(({ participant }, index) =>
      state.u3.has(index) ? [participant] : [],
    );
  }
}
