/**
 * How well digits are learnt under noise: participants trained one after another on this thread, each on its own part
 * of the real digits, their vectors made, summed and decoded as in a run; no sockets and no masks.
 */
import { fileURLToPath } from 'node:url';
import { invariant } from '#shared/base/invariant.ts';
import { seededRandom, systemRandom } from '#shared/base/random.ts';
import type { Examples } from '#shared/data/examples.ts';
import { addVector } from '#shared/numeric/ring.ts';
import { applyMechanism, decodeSum, prepareMechanism } from '#shared/privacy/contribution.ts';
import { epsilonOfOffer } from '#shared/privacy/mechanism-epsilon.ts';
import {
  countedShares,
  mechanismWords,
  type MechanismParameters,
} from '#shared/privacy/mechanism-parameters.ts';
import { checkedPrivacy } from '#shared/privacy/settings.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { mnistSoftmaxTask } from '#shared/tasks/mnist.ts';
import { federatedAverage } from '#shared/tasks/strategy.ts';
import { startBackend } from '#shared/training/backend.ts';
import { evaluate } from '#shared/training/evaluation.ts';
import { trainLocally } from '#shared/training/trainer.ts';
import { nodeWasmFiles } from '../../coordinator/evaluation/wasm-files.ts';
import { testExamples, trainExamples } from '../prepare-data/testing.ts';
import type { Figure } from './figure.ts';

const DIGITS = fileURLToPath(new URL('../../web/static/demo/mnist', import.meta.url));
const DELTA = 1e-5;
const SEED = 1;
const task = {
  ...mnistSoftmaxTask,
  training: { ...mnistSoftmaxTask.training, learningRate: 0.5, batchSize: 32, epochs: 1 },
};

interface Condition {
  readonly mode: 'distributed' | 'central';
  readonly participants: number;
  readonly minSurvivors: number;
  readonly accomplices: number;
  readonly rounds: number;
  readonly epsilon: number;
  readonly clipNorm: number;
  readonly bits: number;
}

const MANY = {
  participants: 600,
  minSurvivors: 570,
  accomplices: 30,
  rounds: 8,
  epsilon: 10,
  clipNorm: 1,
  bits: 20,
};
const CONDITIONS: readonly Condition[] = [
  { mode: 'central', ...MANY },
  { mode: 'distributed', ...MANY },
  { ...MANY, mode: 'distributed', participants: 50, minSurvivors: 45, accomplices: 2 },
];

/** Accuracies on all test digits, 0 to 1, beside what each was reached under. */
export async function* measureNoisyLearning(): AsyncGenerator<Figure> {
  const backend = await startBackend(nodeWasmFiles());
  if (!backend.ok) throw new Error(backend.fault);
  const test = testExamples(DIGITS);
  for (const condition of CONDITIONS) {
    const mechanism = mechanismOf(condition);
    const shards = await shardsOf(condition.participants);
    const model = await learn(condition, mechanism, shards);
    const h = countedShares(mechanism);
    yield {
      name: 'accuracy',
      unit: 'fraction',
      value: evaluate(task.model, model, test).accuracy,
      params: {
        ...condition,
        model: task.id,
        countedShares: h,
        price: condition.mode === 'central' ? 1 : condition.participants / h,
        spentEpsilon: epsilonOfOffer(mechanism, condition.rounds, DELTA),
        delta: DELTA,
      },
    };
  }
}

const shardsOf = (of: number): Promise<Examples[]> =>
  Promise.all(Array.from({ length: of }, (_, index) => trainExamples(DIGITS, { index, of })));

function mechanismOf(condition: Condition): MechanismParameters {
  const {
    participants: clients,
    rounds,
    minSurvivors,
    accomplices,
    mode,
    epsilon,
    clipNorm,
    bits,
  } = condition;
  const run = {
    clients,
    rounds,
    minSurvivors,
    accomplices,
    parameters: parameterCount(task.model),
    lanes: [],
  };
  const checked = checkedPrivacy({ mode, epsilon, delta: DELTA, clipNorm, bits }, run);
  if (!checked.ok) throw new Error(checked.fault.reason);
  invariant(checked.value, 'there is noise');
  return checked.value.mechanism;
}

/** The last global model, [d]. */
async function learn(
  { rounds }: Condition,
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
