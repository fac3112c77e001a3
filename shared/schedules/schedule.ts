/**
 * Plays one schedule: whole rounds of the client application and the coordinator's machine, with everything that a
 * seed lets go wrong, on virtual time. The same seed is the same schedule, event by event.
 */
import { nobleSigner, type Signer } from '../crypto/identity.ts';
import { nobleSuite, type CryptoSuite } from '../crypto/suite.ts';
import { MAX_REPEATS } from '../participant/offer-reader.ts';
import type { RoundOutcome } from '../participant/view.ts';
import { FAULT_KINDS, injectFault, type FaultKind } from './faults.ts';
import { NO_PLANT, type Plant } from './plant.ts';
import { drawSetting, type Setting } from './setting.ts';
import { World } from './world.ts';
import { seededRandom } from '../base/random.ts';

export interface ScheduleOptions {
  readonly suite?: CryptoSuite;
  /** Of an Ed25519 seed, 32 bytes. */
  readonly signerOf?: (seed: Uint8Array) => Signer;
  readonly plant?: Plant;
  /** Instead of what the seed draws. */
  readonly setting?: Partial<Setting>;
  /** Faults to choose from; all where it is left out. */
  readonly kinds?: readonly FaultKind[];
}

export interface ScheduleReport {
  readonly seed: number;
  readonly tabs: number;
  /** Ended attempts, by `done` or abort code. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** Sentences; empty where all checks hold. */
  readonly violations: readonly string[];
  /** Every event, oldest first. */
  readonly trace: readonly string[];
  readonly virtualMs: number;
}

/** A schedule that has not ended by then never does. */
const MAX_MOVES = 60_000;
/** What went wrong before has no effect any more this long after the last fault. */
const CALM_MS = 180_000;
/** With frames on their way, time goes on by itself one time in so many. */
const TURNS_A_TICK = 300;

/** Why a tab leaves an attempt only where the coordinator breaks the protocol. */
const DISTRUST: readonly RoundOutcome['code'][] = [
  'policy',
  'roster-invalid',
  'mask-refused',
  'unmask-refused',
  'too-few-confirmed',
  'equivocation',
];

export async function playSchedule(seed: number, options: ScheduleOptions = {}): Promise<ScheduleReport> {
  const random = seededRandom(`setting ${seed}`);
  const setting = { ...drawSetting(random), ...options.setting };
  const world = await World.of(seed, setting, {
    suite: options.suite ?? nobleSuite,
    signerOf: options.signerOf ?? nobleSigner,
    plant: options.plant ?? NO_PLANT,
  });
  const faults = await play(world, options.kinds ?? FAULT_KINDS);
  return {
    seed,
    tabs: setting.tabs,
    outcomes: world.outcomes,
    faults,
    violations: [...new Set(world.checks.violations)],
    trace: world.trace,
    virtualMs: world.clock.nowMs,
  };
}

async function play(world: World, kinds: readonly FaultKind[]): Promise<Partial<Record<FaultKind, number>>> {
  const { setting, clock, checks } = world;
  const injected: Partial<Record<FaultKind, number>> = {};
  let left = setting.faults;
  let calmAtMs = left > 0 ? Infinity : 0;
  for (let move = 0; ; move++) {
    await settle(setting.tabs);
    if (checks.violations.length > 0) break;
    if (move > MAX_MOVES) {
      checks.violated('the schedule does not end');
      break;
    }
    if (left > 0 && isTime(world) && world.below(setting.turnsBetweenFaults) === 0) {
      const kind = kinds[world.below(kinds.length)] ?? 'drop';
      const done = injectFault(world, kind);
      if (done === null) continue;
      world.trace.push(`${clock.nowMs} fault: ${done}`);
      injected[done] = (injected[done] ?? 0) + 1;
      left--;
      if (left === 0) calmAtMs = calm(world);
      continue;
    }
    const moves = world.moves();
    const ticks = calmAtMs === Infinity && world.below(TURNS_A_TICK) === 0;
    const next = moves[world.below(Math.max(1, moves.length))];
    if (next !== undefined && !ticks) {
      next.run();
      continue;
    }
    if (moves.length === 0) for (const tab of world.alive) tab.inspect();
    if (moves.length === 0 && (isAtRest(world, calmAtMs) || clock.nextAtMs === null)) {
      if (left === 0 || world.store.outcome !== null) break;
      // Nothing is left to disturb: the faults that were due come now.
      left = 0;
      calmAtMs = calm(world);
      continue;
    }
    clock.runNext();
  }
  if (checks.violations.length === 0) atRest(world, calmAtMs);
  return injected;
}

/** Whether things may go wrong now. */
const isTime = ({ setting, coordinator }: World): boolean =>
  setting.focus === null || coordinator?.attempt?.state.kind === setting.focus;

/** Nothing goes wrong from here on. */
function calm(world: World): number {
  for (const tab of world.tabs) tab.trainsNext = 'well';
  world.repeats = 0;
  return world.clock.nowMs + CALM_MS;
}

/** Everybody knows that the run is over; or too few are left to go on, and have been for long. */
function isAtRest({ store, alive, setting, clock }: World, calmAtMs: number): boolean {
  if (store.outcome !== null) return alive.every((tab) => tab.session.isOver);
  return alive.length < setting.minCohort && clock.nowMs > calmAtMs + CALM_MS;
}

/** What must be so when nothing moves any more. */
function atRest(world: World, calmAtMs: number): void {
  const { store, checks, setting, alive } = world;
  if (store.outcome !== 'done' && alive.length >= setting.minCohort && !failedFairly(world))
    checks.violated(
      `${alive.length} tabs are here and the run is not done, but ${store.outcome ?? 'waiting'}`,
    );
  for (const ended of store.attempts) {
    if (ended.state === 'open' || ended.state === 'unmasking') checks.violated('an attempt never ended');
    const offeredAtMs = checks.offeredAtMs(ended.sid);
    if (ended.state === 'aborted' && offeredAtMs >= calmAtMs)
      checks.violated(`nothing went wrong for long, and an attempt was aborted: ${ended.code}`);
  }
  for (const tab of alive) {
    tab.inspect();
    if (store.outcome !== null && tab.session.view().status.kind !== 'finished')
      checks.violated(`tab ${tab.index} does not know that the run is over`);
    for (const outcome of tab.session.view().rounds) compare(world, tab.index, outcome);
  }
}

/** The run gives up after ten aborts in a row, which faults may cause. */
const failedFairly = ({ store }: World): boolean => store.outcome === 'failed';

/** What a tab says of an attempt is what is stored of it. */
function compare({ store, checks }: World, tab: number, outcome: RoundOutcome): void {
  const { round, attempt, code } = outcome;
  const stored = store.attempts.find((other) => other.round === round && other.attempt === attempt);
  const here = `tab ${tab}, round ${round}.${attempt}`;
  const tired = code === 'policy' && stored !== undefined && checks.openedInVain(stored.sid) > MAX_REPEATS;
  if (outcome.outcome === 'left' && DISTRUST.includes(code) && !tired)
    checks.violated(`${here}: it left a coordinator that keeps the protocol: ${code} ${outcome.detail}`);
  if (outcome.outcome === 'done' && (stored?.state !== 'done' || stored.survivors !== outcome.survivors))
    checks.violated(`${here}: it believes in a sum that is not stored`);
  // `stopped` is its own word for a run that is over.
  if (
    outcome.outcome === 'aborted' &&
    code !== 'stopped' &&
    (stored?.state !== 'aborted' || stored.code !== code)
  )
    checks.violated(`${here}: it was told ${code}, which is not stored`);
}

/** Lets everything that waits for neither time nor the schedule go on: no chain of promises here is as long. */
async function settle(tabs: number): Promise<void> {
  for (let turn = 0; turn < 60 + 12 * tabs; turn++) await Promise.resolve();
}
