/**
 * A run with one round on a simulated network: both machines, the codec and the cryptography are the real
 * ones; order, losses, repetitions and deadlines come from a schedule of numbers.
 *
 * Frames keep their order per direction of a socket, as TCP does; everything else may happen at any time. A
 * schedule that has ended is followed by fair delivery, then deadlines, until all is at rest.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { isParticipantId } from '../../base/ids.ts';
import { invariant } from '../../base/invariant.ts';
import { seededRandom } from '../../base/random.ts';
import { DURATION_MS, MIN_COHORT } from '../../protocol/limits.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import type { Task } from '../../tasks/task.ts';
import { decideRun, type RunDecision } from '../schedule.ts';
import { Observations } from './observations.ts';
import { SimulatedCoordinator, type PlantedCoordinatorBug } from './simulated-coordinator.ts';
import { SimulatedTab, type PlantedTabBug } from './simulated-tab.ts';

/** One step: `fault` 0..999 chooses a mishap (or none), `pick` among what could happen next. */
export interface Choice {
  readonly pick: number;
  readonly fault: number;
}
export interface SimulationSettings {
  readonly participants: number;
  /** Labels all randomness. */
  readonly seed: string;
  readonly choices: readonly Choice[];
  /** In the first tab. */
  readonly plantedInTab?: PlantedTabBug;
  readonly plantedInCoordinator?: PlantedCoordinatorBug;
}
export interface SimulationReport {
  readonly violations: readonly string[];
  readonly attempts: number;
  readonly opened: number;
  readonly decision: RunDecision;
}

const PARAMETERS = 6;
const CHUNK_BYTES = 8;
const MAX_STEPS = 5_000;
const MAX_ATTEMPTS = 6;

const TASK: Task = {
  version: 1,
  id: 'simulated',
  title: 'Simulated',
  summary: '',
  data: { kind: 'demo-shards', dataset: 'mnist', credit: '' },
  model: {
    version: 1,
    inputShape: [2],
    layers: [{ kind: 'dense', units: 2, activation: 'linear' }],
    loss: 'softmax-cross-entropy',
  },
  training: { epochs: 1, batchSize: 1, learningRate: 0.1, optimizer: { kind: 'sgd' } },
  quantization: { range: 1 },
  weightMax: 10,
};
const OFFER: Offer = {
  kind: 'offer',
  run: 'simulation000000',
  round: 1,
  attempt: 1,
  nonce: new Uint8Array(32),
  modelHash: new Uint8Array(32),
  taskId: TASK.id,
  training: TASK.training,
  quantization: TASK.quantization,
  weightMax: TASK.weightMax,
  invited: MIN_COHORT,
  minCohort: MIN_COHORT,
  vectorWords: PARAMETERS + 1,
  seed: 1,
  durationsMs: DURATION_MS,
};

export function simulate(settings: SimulationSettings): SimulationReport {
  const observations = new Observations();
  const random = seededRandom(settings.seed);
  const coordinatorKey = random(32);
  const tabs = Array.from({ length: settings.participants }, (_, index) => {
    const id = bytesToHex(random(32));
    invariant(isParticipantId(id), '32 bytes are a participant id');
    const policy = { minCohort: MIN_COHORT, maxVectorWords: 100, maxEpochs: 10 };
    const planted = index === 0 ? (settings.plantedInTab ?? null) : null;
    return new SimulatedTab(
      id,
      { task: TASK, coordinatorKey, policy, chunkBytes: CHUNK_BYTES, random, planted },
      observations,
    );
  });
  const coordinator = new SimulatedCoordinator(
    coordinatorKey,
    random,
    observations,
    settings.plantedInCoordinator ?? null,
  );
  const { attempts, decision } = runAttempts(tabs, coordinator, observations, settings.choices.values());
  return { violations: observations.violations, attempts, opened: observations.opened.size, decision };
}

function runAttempts(
  tabs: readonly SimulatedTab[],
  coordinator: SimulatedCoordinator,
  observations: Observations,
  choices: Iterator<Choice>,
): { readonly attempts: number; readonly decision: RunDecision } {
  for (let attempts = 0; ; attempts++) {
    const ready = tabs.filter((tab) => tab.connected);
    const decision = decideRun({
      settings: { clients: tabs.length, minCohort: MIN_COHORT, rounds: 1 },
      ready: ready.length,
      attempted: attempts > 0,
      sinceStartMs: 0,
      completed: observations.opened.size,
      consecutiveAborts: attempts,
      stopRequested: false,
    });
    if (decision.kind !== 'offer' || attempts === MAX_ATTEMPTS) return { attempts, decision };
    coordinator.offer({ ...OFFER, attempt: attempts + 1 }, ready);
    playAttempt(ready, coordinator, observations, choices);
    checkEnd(ready, coordinator, observations);
    for (const tab of tabs) if (!tab.connected && attempts % 2 === 1) tab.connected = true;
  }
}

function playAttempt(
  tabs: readonly SimulatedTab[],
  coordinator: SimulatedCoordinator,
  observations: Observations,
  choices: Iterator<Choice>,
): void {
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const moves = ordinaryMoves(tabs, coordinator);
    const choice = choices.next();
    if (choice.done === true) {
      const next = moves[steps % moves.length] ?? deadlines(tabs, coordinator)[0];
      if (next === undefined) return;
      next();
    } else if (!mishap(choice.value, tabs, coordinator)) {
      const next = moves[choice.value.pick % moves.length];
      if (next === undefined && deadlines(tabs, coordinator).length === 0) return;
      (next ?? deadlines(tabs, coordinator)[0])?.();
    }
  }
  observations.violations.push('END-1: the attempt does not end');
}

type Move = () => void;

function ordinaryMoves(tabs: readonly SimulatedTab[], coordinator: SimulatedCoordinator): readonly Move[] {
  const moves: Move[] = [];
  for (const tab of tabs) {
    if (tab.inbox.length > 0) moves.push(() => tab.receive());
    if (tab.outbox.length > 0) moves.push(() => coordinator.receive(tab));
    if (tab.jobs.length > 0) moves.push(() => tab.work(false));
  }
  if (coordinator.openingWork) moves.push(() => coordinator.open());
  return moves;
}

function deadlines(tabs: readonly SimulatedTab[], coordinator: SimulatedCoordinator): readonly Move[] {
  const moves: Move[] = [];
  if (coordinator.timer !== null) moves.push(() => coordinator.fireTimer());
  for (const tab of tabs) if (tab.timerSet) moves.push(() => tab.fireTimer());
  return moves;
}

/** Does the mishap that the choice names, if it can happen now. */
function mishap(
  { fault, pick }: Choice,
  tabs: readonly SimulatedTab[],
  coordinator: SimulatedCoordinator,
): boolean {
  const tab = tabs[pick % tabs.length];
  invariant(tab !== undefined, 'there are tabs');
  if (fault < 12 && tab.connected) tab.disconnect(fault % 4);
  else if (fault < 20) deadlines(tabs, coordinator)[pick % (tabs.length + 1)]?.();
  else if (fault < 25 && tab.jobs[0] === 'train') tab.work(true);
  else if (fault < 26) coordinator.dispatch({ kind: 'stop' });
  else if (fault < 150 && repeatable(tab)) tab.outbox.splice(1, 0, tab.outbox[0] as Uint8Array);
  else if (fault < 200 && tab.inbox[0] !== undefined && !tab.resting) tab.inbox.splice(1, 0, tab.inbox[0]);
  else return false;
  return true;
}

/** Repeats of anything but upload chunks: the driver's own check of their order refuses those. */
function repeatable(tab: SimulatedTab): boolean {
  const next = tab.outbox[0];
  return next !== undefined && next !== 'gone' && next.length < 100 && tab.jobs.length > 0;
}

function checkEnd(
  tabs: readonly SimulatedTab[],
  coordinator: SimulatedCoordinator,
  observations: Observations,
): void {
  const { state } = coordinator;
  const broken = (rule: string) => observations.violations.push(rule);
  if (state === null || !coordinator.resting) broken('END-1: the coordinator has not ended');
  for (const tab of tabs) {
    if (!tab.resting) broken(`END-1: a tab waits in ${tab.state?.kind}`);
    if (tab.holdsSecrets) broken('LEAVE-1: a tab holds secrets after its attempt');
    // One that lost its socket before the offer reached it has only the outcome of an earlier attempt.
    if (tab.state?.plan.sid !== state?.plan.sid) continue;
    if (tab.state?.kind === 'done' && state?.kind !== 'done') broken('OPEN-3: done in a tab alone');
    if (tab.state?.kind === 'aborted' && state?.kind === 'done' && tab.state.code !== 'not-in-roster')
      broken('OPEN-3: aborted in a tab alone');
  }
  if (state?.kind === 'aborted' && state.code !== 'sum-invalid' && observations.opened.has(state.plan.sid))
    broken('ABORT-2: an aborted attempt was opened');
}
