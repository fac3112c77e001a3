/** What goes wrong in a schedule, one thing at a time. */
import { randomInteger } from '../base/random.ts';
import type { Tab } from './tab.ts';
import type { World } from './world.ts';

export const FAULT_KINDS = [
  'drop', // a connection breaks; frames on their way may be lost
  'hold', // a connection delivers nothing for a while
  'repeat', // the next frames about rounds arrive twice
  'kill', // a tab is closed for good, seen at once or not
  'reload', // a page is loaded again: the same identity, no secrets
  'break-link', // a direct connection closes midway
  'kill-coordinator', // kill −9, perhaps between a write and what it allows
  'jump', // time goes on past deadlines while frames are on their way
  'fail-training',
  'slow-training', // longer than the round allows
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Milliseconds, and what is drawn on top of them. */
const HOLD_MS = [500, 20_000] as const;
const RESTART_MS = [100, 20_000] as const;
const JUMP_MS = [2_000, 15_000] as const;

/** The kind, where it could be done. */
export function injectFault(world: World, kind: FaultKind): FaultKind | null {
  const { clock, hub } = world;
  const between = ([least, more]: readonly [number, number]) => least + world.below(more);
  const alive = world.alive;
  const tab = alive[world.below(Math.max(1, alive.length))];
  if (tab === undefined) return null;
  switch (kind) {
    case 'drop':
      if (tab.connection?.isOpen !== true) return null;
      tab.connection.cut(world.random);
      return kind;
    case 'hold': {
      if (tab.connection === null) return null;
      const ms = between(HOLD_MS);
      tab.connection.heldUntilMs = clock.nowMs + ms;
      clock.after(ms, () => {});
      return kind;
    }
    case 'repeat':
      world.repeats += 1 + world.below(3);
      return kind;
    case 'kill':
      // A run with too few left ends nothing; most schedules keep enough.
      if (alive.length <= world.setting.minCohort && world.below(8) > 0) return null;
      tab.kill();
      loseConnection(world, tab);
      return kind;
    case 'reload':
      loseConnection(world, tab);
      tab.reload();
      return kind;
    case 'break-link':
      return hub.breakOne() ? kind : null;
    case 'kill-coordinator':
      if (world.coordinator === null) return null;
      world.killCoordinator();
      clock.after(between(RESTART_MS), () => world.startCoordinator());
      return kind;
    case 'jump':
      clock.jump(between(JUMP_MS));
      return kind;
    case 'fail-training':
      tab.trainsNext = 'badly';
      return kind;
    case 'slow-training':
      tab.trainsNext = 'too-long';
      return kind;
  }
}

/** Half of those that go are seen to go; of the others the coordinator learns when it misses them. */
function loseConnection(world: World, { connection }: Tab): void {
  if (connection === null) return;
  if (randomInteger(world.random, 2) === 0) return connection.cut(world.random);
  connection.vanish();
  world.coordinator?.vanished(connection);
}
