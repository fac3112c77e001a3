/**
 * The coordinator's side of one attempt in a schedule: the pure machine (round/coordinator), real messages and
 * cryptography, virtual time, and writes that are on their way until the schedule lets them land.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { ParticipantId } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import type { Signer } from '../crypto/identity.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { laneBits, weightedMean } from '../numeric/quantize.ts';
import { bytesOfWords } from '../numeric/ring.ts';
import type { ClockPort } from '../participant/ports.ts';
import { indicesOf } from '../protocol/bitset.ts';
import { RECONNECT_GRACE_MS } from '../protocol/limits.ts';
import type { Offer, ToCoordinator, ToParticipant } from '../protocol/messages/directions.ts';
import { advertiseDigest } from '../protocol/transcript.ts';
import { quantizationTerms } from '../round/vector.ts';
import { advertisedDigest } from '../round/coordinator/cohort.ts';
import { begin, step } from '../round/coordinator/step.ts';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorStep,
  RoundPlan,
} from '../round/coordinator/types.ts';
import { RoundMessages } from '../round/round-messages.ts';
import { eraseRebuilt, rebuildSecrets, removeMasks, type RebuiltSecrets } from '../round/unmasking.ts';
import { bytesOfParameters, modelHashOf } from '../tasks/parameters.ts';
import { federatedAverage } from '../tasks/strategy.ts';
import { isSending, lettersOf } from './attempt-letters.ts';
import { AttemptUploads } from './attempt-uploads.ts';
import type { Checks } from './checks.ts';
import type { Outcome, Store } from './store.ts';

export type AttemptMessage = Extract<ToCoordinator, { sid: unknown }>;

/** What a planted bug changes of an attempt; see plant.ts. */
export interface AttemptBugs {
  readonly spareShares?: number;
  readonly losesChunks?: boolean;
  readonly takesLateUploads?: boolean;
  readonly sendsBeforeItStores?: boolean;
}

export interface AttemptPorts {
  readonly suite: CryptoSuite;
  readonly signer: Signer;
  readonly clock: ClockPort;
  readonly store: Store;
  readonly checks: Checks;
  readonly bugs: AttemptBugs;
  /** Sends the offer. */
  offer(): void;
  send(to: ParticipantId, message: ToParticipant): void;
  ended(): void;
  failed(error: unknown): void;
}

export class Attempt {
  readonly plan: RoundPlan;
  readonly #offer: Offer;
  readonly #global: Float32Array;
  readonly #ports: AttemptPorts;
  readonly #messages: RoundMessages;
  readonly #uploads: AttemptUploads;
  readonly #timers = new Map<string, () => void>();
  #state: CoordinatorState;
  #queue: Promise<void> = Promise.resolve();
  #rebuilt: RebuiltSecrets | null = null;
  #model: Uint8Array | null = null;
  #isOver = false;

  constructor(plan: RoundPlan, offer: Offer, global: Float32Array, ports: AttemptPorts) {
    this.plan = plan;
    this.#offer = offer;
    this.#global = global;
    this.#ports = ports;
    // Invitations are looked at when a tab joins.
    this.#messages = new RoundMessages(plan.sid, ports.suite, () => true);
    this.#uploads = new AttemptUploads(plan.vectorWords, laneBits(quantizationTerms(offer)));
    const first = begin(plan);
    this.#state = first.state;
    const { sid, round, attempt } = plan;
    this.#enqueue(async () => {
      await ports.store.write(() => ports.store.put({ sid, round, attempt, state: 'open' }));
      ports.offer();
      await this.#perform(first.effects);
    });
  }

  get state(): CoordinatorState {
    return this.#state;
  }

  receive(from: ParticipantId, message: AttemptMessage): void {
    this.#enqueue(() => this.#read(from, message));
  }

  /** It may come back within RECONNECT_GRACE_MS. */
  disconnected(from: ParticipantId): void {
    this.#timer(`grace ${from}`, RECONNECT_GRACE_MS, () => this.left(from));
  }

  left(from: ParticipantId): void {
    this.#cancel(`grace ${from}`);
    this.#enqueue(() => {
      this.#uploads.withdraw(from);
      return this.#apply(step(this.#state, { kind: 'gone', from }));
    });
  }

  returned(from: ParticipantId): void {
    this.#cancel(`grace ${from}`);
    this.#take({ kind: 'returned', from });
  }

  #timer(name: string, ms: number, run: () => void): void {
    this.#cancel(name);
    this.#timers.set(name, this.#ports.clock.after(ms, run));
  }

  #cancel(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }

  #take(event: CoordinatorEvent): void {
    this.#enqueue(() => this.#apply(step(this.#state, event)));
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue
      .then(() => (this.#isOver ? undefined : work()))
      .catch((error: unknown) => this.#ports.failed(error));
  }

  async #read(from: ParticipantId, message: AttemptMessage): Promise<void> {
    switch (message.kind) {
      case 'accept':
      case 'masked-ready':
        return this.#apply(step(this.#state, { kind: message.kind, from }));
      case 'decline':
        this.#uploads.withdraw(from);
        return this.#apply(step(this.#state, { kind: 'decline', from, reason: message.reason }));
      case 'progress':
        return this.#apply(step(this.#state, { kind: 'progress', from, percent: message.percent }));
      case 'advertise': {
        if (!(await this.#messages.isSound(from, message))) return this.#fault(from, 'bad-signature');
        const maskKey = bytesToHex(message.maskKey);
        const digest = advertiseDigest(message);
        const next = step(this.#state, { kind: 'advertise', from, digest, maskKey });
        if (advertisedDigest(next.state, from) === digest) this.#messages.keepAdvertise(from, message);
        return this.#apply(next);
      }
      case 'shares': {
        const next = step(this.#state, { kind: 'shares', from });
        if (next.effects.some(({ kind }) => kind === 'relay-shares'))
          for (const [to, share] of this.#messages.relay(from, message))
            this.#sendTo(to, { kind: 'relayed', sid: hexToBytes(this.plan.sid), shares: [share] });
        return this.#apply(next);
      }
      case 'shared': {
        const size = 'cohort' in this.#state ? this.#state.cohort.roster.length : 0;
        const held = indicesOf(message.held, size);
        if (!held.ok) return this.#fault(from, 'wrong-length');
        return this.#apply(step(this.#state, { kind: 'shared', from, held: held.value }));
      }
      case 'masked':
        return this.#readChunk(from, message);
      case 'confirm': {
        const due = this.#state.kind === 'confirming' || this.#state.kind === 'unmasking';
        if (due && !(await this.#messages.confirm(from, message))) return this.#fault(from, 'bad-signature');
        return this.#apply(step(this.#state, { kind: 'confirm', from }));
      }
      case 'reveal': {
        const of = message.shares.map((share) => share.of);
        const next = step(this.#state, { kind: 'reveal', from, of });
        if (next.effects.some(({ kind }) => kind === 'take-shares')) this.#messages.takeShares(from, message);
        return this.#apply(next);
      }
      default:
        return unreachable(message);
    }
  }

  async #readChunk(from: ParticipantId, chunk: Extract<AttemptMessage, { kind: 'masked' }>): Promise<void> {
    const { bugs } = this.#ports;
    const next = step(this.#state, { kind: 'chunk', from });
    await this.#apply(next);
    if (!next.effects.some(({ kind }) => kind === 'take-chunk')) {
      if (bugs.takesLateUploads === true && this.#state.kind === 'confirming') this.#widenU3(from);
      return;
    }
    if (bugs.losesChunks === true && chunk.index === chunk.chunks - 1) chunk.bytes.fill(0);
    const taken = this.#uploads.take(from, chunk);
    if (taken === 'broken') return this.#fault(from, 'wrong-length');
    if (taken === 'complete') return this.#apply(step(this.#state, { kind: 'uploaded', from }));
  }

  /** The planted bug of a coordinator that takes an upload after U3 was signed. */
  #widenU3(from: ParticipantId): void {
    invariant(this.#state.kind === 'confirming', 'U3 is being confirmed');
    const u3 = new Set([...this.#state.u3, this.#messages.indexOf(from)]);
    this.#state = { ...this.#state, u3 };
    const members = [...u3].toSorted((a, b) => a - b);
    const u2 = [...this.#state.u2].toSorted((a, b) => a - b);
    this.#enqueue(() => this.#do({ kind: 'send-unmask-request', to: this.plan.invited, u2, u3: members }));
  }

  async #apply(next: CoordinatorStep): Promise<void> {
    this.#state = next.state;
    await this.#perform(next.effects);
    if (this.#isOver || (this.#state.kind !== 'done' && this.#state.kind !== 'aborted')) return;
    this.#isOver = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#ports.ended();
  }

  async #perform(effects: readonly CoordinatorEffect[]): Promise<void> {
    for (const effect of effects) await this.#do(effect);
  }

  async #do(effect: CoordinatorEffect): Promise<void> {
    const { sid } = this.plan;
    if (isSending(effect)) {
      const letters = await lettersOf(effect, sid, this.#messages, this.#ports.signer);
      for (const { to, message } of letters) this.#ports.send(to, message);
      return;
    }
    switch (effect.kind) {
      case 'start-timer':
        return this.#timer(effect.phase, effect.ms, () =>
          this.#take({ kind: 'deadline', phase: effect.phase }),
        );
      case 'cancel-timer':
        return this.#cancel(effect.phase);
      case 'queue-upload': {
        const nextChunk = this.#uploads.grant(effect.from);
        return this.#ports.send(effect.from, { kind: 'upload-grant', sid: hexToBytes(sid), nextChunk });
      }
      case 'freeze-uploads':
        return this.#uploads.freeze();
      case 'rebuild':
        return this.#rebuild(effect.survivors, effect.dropped);
      case 'open-sum':
        return this.#open();
      case 'discard-uploads':
        return this.#uploads.discard();
      case 'persist-unmasking': {
        const { round, attempt } = this.plan;
        return this.#persist(() => this.#ports.store.put({ sid, round, attempt, state: 'unmasking' }));
      }
      case 'persist-done': {
        const { sumHash, modelHash } = effect;
        invariant(this.#state.kind === 'done' && this.#model, 'a sum was opened before it is stored');
        const survivors = this.#state.survivors.length;
        const model = this.#model;
        return this.#end({ state: 'done', sumHash, modelHash, survivors }, () =>
          this.#ports.store.keepModel(modelHash, model),
        );
      }
      case 'persist-aborted':
        return this.#end({ state: 'aborted', code: effect.code }, () => {});
      case 'publish':
      // Done where the message was read.
      case 'relay-shares':
      case 'take-chunk':
      case 'take-shares':
        return;
      default:
        return unreachable(effect);
    }
  }

  #end(outcome: Outcome, also: () => void): Promise<void> {
    const { store } = this.#ports;
    const { sid, round, attempt } = this.plan;
    return this.#persist(() => {
      this.#ports.checks.ended(sid, store.outcomeOf(sid), outcome, this.#ports.clock.nowMs());
      store.put({ sid, round, attempt, ...outcome });
      also();
    });
  }

  async #persist(write: () => void): Promise<void> {
    const written = this.#ports.store.write(write);
    if (this.#ports.bugs.sendsBeforeItStores !== true) await written;
  }

  #rebuild(survivors: readonly number[], dropped: readonly number[]): Promise<void> {
    const terms = this.#messages.unmaskTerms(survivors, dropped);
    const threshold = terms.threshold - (this.#ports.bugs.spareShares ?? 0);
    const rebuilt = rebuildSecrets({ ...terms, threshold }, this.#messages.revealed);
    if (!rebuilt.ok) {
      this.#ports.checks.unopenable(this.plan.sid, rebuilt.fault);
      return this.#apply(step(this.#state, { kind: 'rebuild-failed', detail: rebuilt.fault }));
    }
    if (rebuilt.value.doubtful.length > 0) this.#ports.checks.unopenable(this.plan.sid, 'a share was wrong');
    this.#rebuilt = rebuilt.value;
    return this.#apply(step(this.#state, { kind: 'rebuilt' }));
  }

  async #open(): Promise<void> {
    invariant(this.#state.kind === 'opening' && this.#rebuilt, 'a sum is opened with every secret rebuilt');
    const { checks, suite } = this.#ports;
    const { u2, u3, cohort } = this.#state;
    const { sum } = this.#uploads;
    const dropped = [...u2].filter((index) => !u3.has(index));
    const terms = this.#messages.unmaskTerms([...u3], dropped);
    const removed = await removeMasks(sum, terms, this.#rebuilt, suite, async () => {});
    eraseRebuilt(this.#rebuilt);
    checks.opened(
      this.plan.sid,
      cohort.roster.flatMap(({ participant }, index) => (u3.has(index) ? [participant] : [])),
      sum,
    );
    const mean = weightedMean(sum, u3.size, quantizationTerms(this.#offer));
    const model = mean.ok ? federatedAverage(this.#global, mean.value.delta) : mean;
    if (!removed.ok || !model.ok) {
      checks.unopenable(this.plan.sid, 'the sum is none of updates');
      return this.#apply(step(this.#state, { kind: 'unopenable', detail: 'The sum is none of updates.' }));
    }
    this.#model = bytesOfParameters(model.value);
    const sumHash = bytesToHex(sha256(bytesOfWords(sum)));
    const modelHash = modelHashOf(this.#model);
    return this.#apply(step(this.#state, { kind: 'opened', sumHash, modelHash }));
  }

  #sendTo(index: number, message: ToParticipant): void {
    const entry = this.#messages.cohort.roster[index];
    if (entry !== undefined) this.#ports.send(entry.participant, message);
  }

  #fault(to: ParticipantId, code: 'bad-signature' | 'wrong-length'): void {
    this.#ports.send(to, { kind: 'fault', code, detail: 'It does not hold.', closing: false });
  }
}
