/** One schedule: tabs, a coordinator, what may happen next, and what goes wrong; everything drawn from the seed. */
import { invariant } from '../base/invariant.ts';
import { randomInteger, seededRandom, type RandomSource } from '../base/random.ts';
import type { Signer } from '../crypto/identity.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { decodeToCoordinator, decodeToParticipant } from '../protocol/codec.ts';
import { createInvitation, encodeInvitation } from '../protocol/invitation.ts';
import type { AbortCode } from '../protocol/faults.ts';
import { parameterCount } from '../tasks/layout.ts';
import { bytesOfParameters, modelHashOf } from '../tasks/parameters.ts';
import { Checks } from './checks.ts';
import type { Connection } from './connections.ts';
import { Coordinator } from './coordinator.ts';
import { LinkHub } from './links.ts';
import type { Plant } from './plant.ts';
import { taskOf, type Setting } from './setting.ts';
import { Store } from './store.ts';
import { Tab } from './tab.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What may happen next, and what it is called in a trace. */
interface Move {
  readonly name: string;
  readonly run: () => void;
}

export interface WorldPorts {
  readonly suite: CryptoSuite;
  readonly signerOf: (seed: Uint8Array) => Signer;
  readonly plant: Plant;
}

export class World {
  readonly setting: Setting;
  readonly random: RandomSource;
  readonly clock = new VirtualClock();
  readonly checks = new Checks();
  readonly store: Store;
  readonly hub: LinkHub;
  readonly tabs: readonly Tab[];
  /** Newest last. */
  readonly trace: string[] = [];
  readonly #makeCoordinator: () => Coordinator;
  readonly #turns: (() => void)[] = [];
  readonly #connections = new Set<Connection>();
  coordinator: Coordinator | null;
  /** Frames that arrive twice from now on. */
  repeats = 0;

  static async of(seed: number, setting: Setting, ports: WorldPorts): Promise<World> {
    // The same for every seed: invitations and identities are nothing a schedule is about.
    const admin = ports.signerOf(new Uint8Array(32).fill(1));
    const terms = {
      kind: 'open',
      expirySeconds: 0xffff_ffff,
      inviteSecret: new Uint8Array(32).fill(2),
    } as const;
    const invitation = encodeInvitation(await createInvitation(admin, setting.run, terms));
    return new World(seed, setting, ports, invitation);
  }

  private constructor(seed: number, setting: Setting, ports: WorldPorts, invitation: string) {
    this.setting = setting;
    this.random = inBlocks(seededRandom(`schedule ${seed}`));
    const { suite, signerOf, plant } = ports;
    const task = taskOf(setting);
    const model = bytesOfParameters(new Float32Array(parameterCount(task.model)));
    this.store = new Store(modelHashOf(model), model, this.random);
    this.hub = new LinkHub(this.clock, this.random, setting.linkPercent);
    const planted = plant.suite ?? suite;
    const signer = signerOf(new Uint8Array(32).fill(3));
    this.#makeCoordinator = () =>
      new Coordinator({
        setting,
        task,
        store: this.store,
        clock: this.clock,
        signer,
        suite: plant.coordinatorToo === false ? suite : planted,
        random: seededRandom(`schedule ${seed} coordinator ${this.clock.nowMs}`),
        checks: this.checks,
        plant,
      });
    this.coordinator = this.#makeCoordinator();
    this.tabs = Array.from(
      { length: setting.tabs },
      (_, index) =>
        new Tab(index, {
          seed: `schedule ${seed}`,
          setting,
          signer: signerOf(new Uint8Array(32).fill(10 + index)),
          invitation,
          clock: this.clock,
          hub: this.hub,
          suite: planted,
          checks: this.checks,
          turn: () => new Promise((resolve) => this.#turns.push(resolve)),
          model: (hash) => (this.coordinator === null ? null : this.store.model(hash)),
          besides: plant.besides ?? (() => null),
        }),
    );
  }

  get alive(): readonly Tab[] {
    return this.tabs.filter((tab) => tab.isAlive);
  }

  killCoordinator(): void {
    this.coordinator?.kill();
    this.coordinator = null;
  }

  startCoordinator(): void {
    this.coordinator ??= this.#makeCoordinator();
  }

  /** What may happen without time going on; frames of each connection and direction in their order. */
  moves(): readonly Move[] {
    for (const tab of this.tabs) if (tab.connection !== null) this.#connections.add(tab.connection);
    const moves: Move[] = [];
    for (const connection of this.#connections) {
      const { tab } = connection;
      if (connection.heldUntilMs > this.clock.nowMs) continue;
      if (connection.isDialling)
        moves.push({ name: `tab ${tab} dials`, run: () => connection.connect(this.coordinator) });
      if (connection.canDeliverUp)
        moves.push({ name: `tab ${tab} →`, run: () => this.#deliver(connection, 'up') });
      if (connection.canDeliverDown)
        moves.push({ name: `tab ${tab} ←`, run: () => this.#deliver(connection, 'down') });
    }
    for (const delivery of this.hub.deliveries) moves.push({ name: 'link', run: () => delivery.run() });
    if (this.clock.isDue) moves.push({ name: 'timer', run: () => this.clock.runNext() });
    if (this.store.isWriting) moves.push({ name: 'disk', run: () => this.store.land() });
    this.#turns.forEach((turn, index) => {
      moves.push({
        name: 'cryptography',
        run: () => {
          this.#turns.splice(index, 1);
          turn();
        },
      });
    });
    return moves;
  }

  #deliver(connection: Connection, direction: 'up' | 'down'): void {
    const frame = direction === 'up' ? connection.deliverUp() : connection.deliverDown();
    if (frame === null) {
      this.#note(direction, connection.tab, 'end');
      if (direction === 'up') this.#connections.delete(connection);
      return;
    }
    const decoded = direction === 'up' ? decodeToCoordinator(frame) : decodeToParticipant(frame);
    invariant(decoded.ok, 'both ends send messages');
    this.#note(direction, connection.tab, decoded.value.kind);
    if (this.repeats === 0 || !('sid' in decoded.value)) return;
    this.repeats--;
    this.#note(direction, connection.tab, `${decoded.value.kind} again`);
    connection.repeat(frame, direction);
  }

  #note(direction: 'up' | 'down', tab: number, what: string): void {
    this.trace.push(`${this.clock.nowMs} tab ${tab} ${direction === 'up' ? '→' : '←'} ${what}`);
  }

  below(bound: number): number {
    return randomInteger(this.random, bound);
  }

  /** Attempts that ended, by how. */
  get outcomes(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const ended of this.store.attempts) {
      const how: AbortCode | 'done' | 'open' =
        ended.state === 'aborted' ? ended.code : ended.state === 'done' ? 'done' : 'open';
      counts[how] = (counts[how] ?? 0) + 1;
    }
    return counts;
  }
}

/** The same kind of stream, drawn many bytes at a time: a schedule draws a few thousand times. */
function inBlocks(random: RandomSource): RandomSource {
  let block = random(4_096);
  let used = 0;
  return (length) => {
    if (used + length > block.length) {
      block = random(Math.max(4_096, length));
      used = 0;
    }
    used += length;
    return block.slice(used - length, used);
  };
}
