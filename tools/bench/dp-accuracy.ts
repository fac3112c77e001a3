/**
 * How well digits are learnt under noise: participants trained one after another on this thread, each on its own part
 * of the real digits, their vectors made, summed and decoded as in a run; no sockets and no masks. Beside each accuracy
 * stands what the planner says before anything is trained: how long the noise in a round's mean is, against the longest
 * update that there can be.
 */
import { fileURLToPath } from 'node:url';
import { seededRandom, systemRandom } from '#shared/base/random.ts';
import type { Result } from '#shared/base/result.ts';
import type { Examples } from '#shared/data/examples.ts';
import { addVector } from '#shared/numeric/ring.ts';
import { applyMechanism, decodeSum, prepareMechanism } from '#shared/privacy/contribution.ts';
import { epsilonOfOffer } from '#shared/privacy/mechanism-epsilon.ts';
import { parametersForOffer } from '#shared/privacy/mechanism.ts';
import { mechanismWords, type MechanismParameters } from '#shared/privacy/mechanism-parameters.ts';
import { planRun } from '#shared/privacy/plan.ts';
import type { PlanSettings, SettingFault } from '#shared/privacy/plan-settings.ts';
import { refusalText } from '#shared/privacy/settings.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { mnistSoftmaxTask, mnistTask } from '#shared/tasks/mnist.ts';
import { federatedAverage } from '#shared/tasks/strategy.ts';
import type { Task } from '#shared/tasks/task.ts';
import { startBackend } from '#shared/training/backend.ts';
import { evaluate } from '#shared/training/evaluation.ts';
import { trainLocally } from '#shared/training/trainer.ts';
import { nodeWasmFiles } from '../../coordinator/evaluation/wasm-files.ts';
import { testExamples, trainExamples } from '../prepare-data/testing.ts';
import type { Figure } from './figure.ts';

const DIGITS = fileURLToPath(new URL('../../web/static/demo/mnist', import.meta.url));
const DELTA = 1e-5;
const SEED = 1;

interface Condition {
  readonly task: Task;
  readonly mode: 'distributed' | 'central' | 'none';
  readonly participants: number;
  readonly minSurvivors: number;
  readonly accomplices: number;
  readonly rounds: number;
  /** ∞ without noise. */
  readonly epsilon: number;
  readonly clipNorm: number;
  readonly bits: number;
}

/** Chosen for noise: few parameters, long steps, the clip that a round's update mostly keeps to. */
const CHOSEN = {
  task: {
    ...mnistSoftmaxTask,
    training: { ...mnistSoftmaxTask.training, learningRate: 0.5, batchSize: 32, epochs: 1 },
  },
  rounds: 8,
  epsilon: 10,
  clipNorm: 1,
  bits: 20,
};
const MANY = { ...CHOSEN, participants: 600, minSurvivors: 570, accomplices: 30 };
const FIFTY = { participants: 50, minSurvivors: 45, accomplices: 2 };

/** What one tries first: the demo's network as it is, and the rounds in which it learns without noise. */
const FIRST_TRY = { ...FIFTY, task: mnistTask, rounds: 20, clipNorm: 1, bits: 20 };

const CONDITIONS: readonly Condition[] = [
  { ...MANY, mode: 'central' },
  { ...MANY, mode: 'distributed' },
  { ...CHOSEN, ...FIFTY, mode: 'distributed' },
  { ...FIRST_TRY, mode: 'distributed', epsilon: 8 },
  { ...FIRST_TRY, mode: 'none', epsilon: Infinity },
];

/** Accuracies on all test digits, 0 to 1, beside what each was reached under. */
export async function* measureNoisyLearning(): AsyncGenerator<Figure> {
  const backend = await startBackend(nodeWasmFiles());
  if (!backend.ok) throw new Error(backend.fault);
  const test = testExamples(DIGITS);
  for (const condition of CONDITIONS) {
    const { task, ...conditions } = condition;
    const settings = settingsOf(condition);
    const plan = granted(planRun(settings));
    const mechanism = granted(parametersForOffer(settings));
    const shards = await shardsOf(condition.participants);
    const model = await learn(condition, mechanism, shards);
    yield {
      name: 'accuracy',
      unit: 'fraction',
      value: (await evaluate(task.model, model, test)).accuracy,
      params: {
        ...conditions,
        epsilon: written(condition.epsilon),
        model: task.id,
        parameters: settings.parameters,
        countedShares: plan.countedShares,
        price: plan.price,
        noiseToClip: plan.noiseToClip,
        spentEpsilon: written(epsilonOfOffer(mechanism, condition.rounds, DELTA)),
        delta: DELTA,
      },
    };
  }
}

/** JSON has no ∞. */
const written = (epsilon: number): number | string => (Number.isFinite(epsilon) ? epsilon : '∞');

const shardsOf = (of: number): Promise<Examples[]> =>
  Promise.all(Array.from({ length: of }, (_, index) => trainExamples(DIGITS, { index, of })));

const settingsOf = ({ task, participants, ...condition }: Condition): PlanSettings => ({
  ...condition,
  clients: participants,
  participations: condition.rounds,
  delta: DELTA,
  parameters: parameterCount(task.model),
  lanes: [],
});

/** Throws the sentence that an admin would read. */
function granted<Value>(result: Result<Value, SettingFault>): Value {
  if (!result.ok) throw new Error(refusalText(result.fault));
  return result.value;
}

/** The last global model, [d]. */
async function learn(
  { task, rounds }: Condition,
  mechanism: MechanismParameters,
  shards: readonly Examples[],
): Promise<Float32Array> {
  const participant = prepareMechanism(mechanism, 'participant');
  const coordinator = prepareMechanism(mechanism, 'coordinator');
  const secret = { random: systemRandom };
  let parameters = initialParameters(task.model, SEED);
  for (let round = 1; round <= rounds; round++) {
    const sid = sidOf(round);
    const sum = new Uint32Array(mechanismWords(mechanism));
    for (const [index, examples] of shards.entries()) {
      const trained = await trainLocally({
        task,
        training: task.training,
        parameters,
        examples,
        shuffleLabel: `${SEED} round ${round} shard ${index}`,
        signal: new AbortController().signal,
        onBatch: () => {},
      });
      if (!trained.ok) throw new Error(trained.fault.detail);
      const contribution = { update: trained.value.delta, laneValues: [] };
      addVector(sum, applyMechanism(contribution, participant, { sid, secret }));
    }
    const { mean } = decodeSum(sum, coordinator, { survivors: shards.length, sid, secret });
    const next = federatedAverage(parameters, mean);
    if (!next.ok) throw new Error(next.fault);
    parameters = next.value;
  }
  return parameters;
}

const sidOf = (round: number): Uint8Array => seededRandom(`dp-accuracy round ${round}`)(32);
