/** One life of a coordinator's process, from its start to its kill: who is connected, and which attempt comes next. */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId, type Sid } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import type { RandomSource } from '../base/random.ts';
import type { Signer } from '../crypto/identity.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { decodeToCoordinator, encodeMessage } from '../protocol/codec.ts';
import type { FaultCode } from '../protocol/faults.ts';
import type { ToCoordinator, ToCoordinatorOf, ToParticipant } from '../protocol/messages/directions.ts';
import { helloBody } from '../protocol/transcript.ts';
import type { AttemptDriver } from '../round/driver/attempt-driver.ts';
import { abortMessage, resultMessage } from '../round/driver/outcome-messages.ts';
import { decideRun } from '../round/schedule.ts';
import { parameterCount } from '../tasks/layout.ts';
import { parametersOfBytes } from '../tasks/parameters.ts';
import type { Task } from '../tasks/task.ts';
import { scheduledAttempt } from './attempt.ts';
import type { Checks } from './checks.ts';
import type { Acceptor, Connection } from './connections.ts';
import { composeOffering } from './offering.ts';
import type { Plant } from './plant.ts';
import type { Setting } from './setting.ts';
import type { Store } from './store.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A connection that lost its tab without a word is seen to be dead within two pings. */
const LIVENESS_MS = 20_000;

interface Participant {
  readonly id: ParticipantId;
  readonly connection: Connection;
  isReady: boolean;
}

export interface CoordinatorPorts {
  readonly setting: Setting;
  readonly task: Task;
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly signer: Signer;
  readonly suite: CryptoSuite;
  readonly random: RandomSource;
  readonly checks: Checks;
  readonly plant: Plant;
}

export class Coordinator implements Acceptor {
  readonly #ports: CoordinatorPorts;
  readonly #participants = new Map<ParticipantId, Participant>();
  readonly #connections = new Map<Connection, { readonly nonce: Uint8Array; joined: Participant | null }>();
  readonly #startedAtMs: number;
  #attempt: AttemptDriver | null = null;
  #offering = false;
  #attempted = false;
  #isAlive = true;

  /** What an earlier life left open is aborted before anybody is heard. */
  constructor(ports: CoordinatorPorts) {
    this.#ports = ports;
    this.#startedAtMs = ports.clock.nowMs;
    const { store, checks, clock } = ports;
    for (const { sid, round, attempt, state } of store.attempts) {
      if (state !== 'open' && state !== 'unmasking') continue;
      const outcome = { state: 'aborted', code: 'coordinator-restarted' } as const;
      checks.ended(sid, store.outcomeOf(sid), outcome, clock.nowMs);
      store.put({ sid, round, attempt, ...outcome });
    }
    this.#after(5_000, () => this.#decide());
  }

  get attempt(): AttemptDriver | null {
    return this.#attempt;
  }

  /** kill −9. */
  kill(): void {
    this.#isAlive = false;
    for (const connection of this.#connections.keys()) connection.abandon(this.#ports.random);
    this.#ports.store.crash();
  }

  #after(ms: number, run: () => void): void {
    this.#ports.clock.portOf(() => this.#isAlive).after(ms, run);
  }

  // ── connections ───────────────────────────────────────────────────────────────────────────────

  connected(connection: Connection): void {
    const nonce = this.#ports.random(32);
    this.#connections.set(connection, { nonce, joined: null });
    this.#send(connection, {
      kind: 'greeting',
      nonce,
      coordinatorKey: this.#ports.signer.publicKey,
    });
  }

  frame(connection: Connection, frame: Uint8Array<ArrayBuffer>): void {
    const known = this.#connections.get(connection);
    if (known === undefined) return;
    const decoded = decodeToCoordinator(frame);
    if (!decoded.ok) return this.#refuse(connection, decoded.fault.code);
    const message = this.#ports.plant.taken?.(decoded.value) ?? decoded.value;
    if (message.kind === 'hello') return void this.#hello(connection, known.nonce, message);
    if (known.joined !== null) this.#receive(known.joined, message);
  }

  ended(connection: Connection): void {
    const joined = this.#connections.get(connection)?.joined ?? null;
    this.#connections.delete(connection);
    if (joined !== null) this.#leave(joined, false);
  }

  /** The tab behind it is gone without a word. */
  vanished(connection: Connection): void {
    this.#after(LIVENESS_MS, () => this.ended(connection));
  }

  #send(connection: Connection, message: ToParticipant): void {
    if (!this.#isAlive || !this.#connections.has(connection)) return;
    this.#ports.checks.said(message, (sid) => this.#ports.store.attempt(sid));
    connection.send(encodeMessage(message));
  }

  #refuse(connection: Connection, code: FaultCode): void {
    this.#send(connection, { kind: 'fault', code, detail: 'Refused.', closing: true });
    connection.close();
    this.ended(connection);
  }

  async #hello(connection: Connection, nonce: Uint8Array, hello: ToCoordinatorOf<'hello'>): Promise<void> {
    const { signer, suite, store, setting, task } = this.#ports;
    const { participant: publicKey, proof: signature } = hello;
    const body = helloBody(nonce, signer.publicKey, hello.run);
    const [valid] = await suite.verifyAll([{ domain: 'hello', body, signature, publicKey }]);
    const known = this.#connections.get(connection);
    if (!this.#isAlive || known === undefined) return;
    if (valid !== true) return this.#refuse(connection, 'bad-proof');
    if (store.outcome !== null) return this.#sayFinished(connection);
    const id = bytesToHex(publicKey);
    invariant(isParticipantId(id), 'the codec gives 32 bytes');
    const before = this.#participants.get(id);
    // Of two connections the one that was made last is the tab's, whichever hello arrives first.
    if (before !== undefined && this.#isNewer(before.connection, connection))
      return this.#refuse(connection, 'replaced');
    this.#participants.delete(id);
    if (before !== undefined) this.#refuse(before.connection, 'replaced');
    const participant: Participant = { id, connection, isReady: false };
    known.joined = participant;
    this.#participants.set(id, participant);
    this.#send(connection, {
      kind: 'welcome',
      task,
      shard: { index: connection.tab, of: setting.tabs },
      rounds: setting.rounds,
      minCohort: setting.minCohort,
      onePerProfile: false,
    });
    await this.#resume(participant, hello.resume);
  }

  #isNewer(one: Connection, other: Connection): boolean {
    const inOrder = [...this.#connections.keys()];
    return inOrder.indexOf(one) > inOrder.indexOf(other);
  }

  /** The attempt goes on with it, or has ended meanwhile. */
  async #resume({ id, connection }: Participant, resume: Uint8Array | null): Promise<void> {
    const sid = resume === null ? null : (bytesToHex(resume) as Sid);
    if (this.#attempt !== null && sid === this.#attempt.plan.sid) return this.#attempt.returned(id);
    this.#attempt?.left(id);
    const outcome = sid === null ? null : this.#ports.store.outcomeOf(sid);
    if (sid === null || outcome === null) return;
    const { signer } = this.#ports;
    const message =
      outcome.state === 'done'
        ? resultMessage(sid, outcome, signer)
        : abortMessage(sid, { code: outcome.code, detail: 'The attempt ended.' }, signer);
    this.#send(connection, await message);
  }

  #receive(participant: Participant, message: Exclude<ToCoordinator, { kind: 'hello' }>): void {
    switch (message.kind) {
      case 'ready':
        participant.isReady = true;
        return this.#decide();
      // Runs of schedules are not extended.
      case 'agreed':
        return;
      case 'leave':
        participant.connection.close();
        return this.#leave(participant, true);
      default:
        if (this.#attempt !== null && bytesToHex(message.sid) === this.#attempt.plan.sid)
          return this.#attempt.receive(participant.id, message);
        return this.#send(participant.connection, {
          kind: 'fault',
          code: 'unknown-sid',
          detail: 'No such round is under way.',
          closing: false,
        });
    }
  }

  #leave(participant: Participant, forGood: boolean): void {
    if (this.#participants.get(participant.id) !== participant) return;
    this.#participants.delete(participant.id);
    if (forGood) this.#attempt?.left(participant.id);
    else this.#attempt?.disconnected(participant.id);
    this.#decide();
  }

  #sayFinished(connection: Connection): void {
    const { store } = this.#ports;
    invariant(store.outcome, 'the run has ended');
    this.#send(connection, {
      kind: 'finished',
      outcome: store.outcome,
      rounds: store.attempts.filter(({ state }) => state === 'done').length,
      modelHash: hexToBytes(store.modelHash),
    });
    connection.close();
    this.ended(connection);
  }

  // ── what comes next ───────────────────────────────────────────────────────────────────────────

  #decide(): void {
    const { store, setting, clock } = this.#ports;
    if (!this.#isAlive || this.#attempt !== null || this.#offering || store.outcome !== null) return;
    const ready = [...this.#participants.values()].filter((participant) => participant.isReady);
    const done = store.attempts.filter(({ state }) => state === 'done').length;
    const decision = decideRun({
      settings: { clients: setting.tabs, minCohort: setting.minCohort, rounds: setting.rounds },
      ready: ready.length,
      attempted: this.#attempted,
      sinceStartMs: clock.nowMs - this.#startedAtMs,
      completed: done,
      consecutiveAborts: this.#consecutiveAborts(),
      stopRequested: false,
      left: Infinity,
    });
    switch (decision.kind) {
      case 'wait':
        return;
      case 'offer':
        return void this.#offer(done + 1, ready);
      case 'finish':
        store.outcome = decision.outcome;
        for (const { connection } of this.#participants.values()) this.#sayFinished(connection);
        return;
      default:
        return unreachable(decision);
    }
  }

  #consecutiveAborts(): number {
    const { attempts } = this.#ports.store;
    const last = attempts.findLastIndex(({ state }) => state === 'done');
    return attempts
      .slice(last + 1)
      .filter((ended) => ended.state === 'aborted' && ended.code !== 'coordinator-restarted').length;
  }

  async #offer(round: number, ready: readonly Participant[]): Promise<void> {
    const { store, setting, task, signer, suite, random, checks, clock, plant } = this.#ports;
    const attempt = 1 + store.attempts.filter((ended) => ended.round === round).length;
    const { modelHash } = store;
    const which = { round, attempt, invited: ready.map(({ id }) => id), modelHash, nonce: random(32) };
    const { offer, terms, plan } = composeOffering(setting, task, which, signer.publicKey);
    this.#attempted = true;
    this.#offering = true;
    const signature = await signer.sign('offer', terms);
    this.#offering = false;
    if (!this.#isAlive) return;
    const model = store.model(modelHash);
    const global = model && parametersOfBytes(model, modelHash, parameterCount(task.model));
    invariant(global?.ok, 'the newest model is stored');
    checks.offered(plan.sid, offer, clock.nowMs);
    const begun = scheduledAttempt(
      { plan, offer, global: global.value },
      {
        suite,
        signer,
        random,
        clock: clock.portOf(() => this.#isAlive),
        store,
        checks,
        uploadsAtOnce: setting.uploadsAtOnce,
        ...(plant.machine === undefined ? {} : { machine: plant.machine }),
        offer: () => {
          for (const { connection } of ready) this.#send(connection, { kind: 'offer', terms, signature });
        },
        send: (to, message) => {
          const participant = this.#participants.get(to);
          if (participant !== undefined) this.#send(participant.connection, message);
        },
        expel: (id) => {
          const participant = this.#participants.get(id);
          participant?.connection.close();
          if (participant !== undefined) this.#leave(participant, true);
        },
        ended: () => {
          this.#attempt = null;
          this.#decide();
        },
        failed: (error) => checks.violated(`the coordinator failed: ${String(error)}`),
      },
    );
    this.#attempt = begun;
    // Whoever left while the offer was signed.
    for (const { id } of ready) if (!this.#participants.has(id)) begun.disconnected(id);
  }
}
