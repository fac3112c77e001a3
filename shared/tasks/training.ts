/**
 * How a participant descends between two uploads: optimiser, learning-rate schedule, what keeps it near the global
 * model. The state of an optimiser lives for one round: nothing of a participant's gradients stays behind.
 */
import * as v from 'valibot';

const decay = v.pipe(v.number(), v.minValue(0, 'at least 0'), v.ltValue(1, 'less than 1'));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0, 'more than 0'));
const rounds = v.pipe(
  v.number(),
  v.safeInteger('an integer, without a fraction'),
  v.minValue(1, 'at least 1'),
  v.maxValue(1_000_000, 'at most 1000000'),
);

/** With g the gradient and η the learning rate; all state starts at 0. */
export const optimizer = v.variant('kind', [
  /** w ← w - η g */
  v.strictObject({ kind: v.literal('sgd') }),
  /** u ← momentum u + g; w ← w - η u (Polyak 1964) */
  v.strictObject({ kind: v.literal('momentum'), momentum: decay }),
  /**
   * m ← β₁ m + (1 - β₁) g; s ← β₂ s + (1 - β₂) g²; w ← w - η (m / (1 - β₁ᵗ)) / (√(s / (1 - β₂ᵗ)) + ε) at step t
   * = 1, 2, .. (Kingma and Ba 2015, algorithm 1)
   */
  v.strictObject({
    kind: v.literal('adam'),
    beta1: decay,
    beta2: decay,
    epsilon: v.pipe(positive, v.minValue(1e-12, 'at least 1e-12'), v.maxValue(1, 'at most 1')),
  }),
]);

/** The learning rate of round r = 1, 2, .. from the one that is set; within a round it is constant. */
export const learningRateSchedule = v.variant('kind', [
  v.strictObject({ kind: v.literal('constant') }),
  /** Times `factor` after every so many rounds. */
  v.strictObject({
    kind: v.literal('step'),
    everyRounds: rounds,
    factor: v.pipe(positive, v.maxValue(1, 'at most 1')),
  }),
  /** Half a cosine from the whole rate in round 1 to `finalFraction` of it in round `rounds`, and so on from there. */
  v.strictObject({
    kind: v.literal('cosine'),
    rounds,
    finalFraction: v.pipe(v.number(), v.minValue(0, 'at least 0'), v.maxValue(1, 'at most 1')),
  }),
]);
type LearningRateSchedule = v.InferOutput<typeof learningRateSchedule>;

/** Adds μ (w - w_global) to the gradient, w_global as the round began (Li et al. 2020). */
export const fedProx = v.strictObject({ mu: v.pipe(positive, v.maxValue(1_000, 'at most 1000')) });

/** Scales a step's gradient, all tensors as one vector and FedProx's term included, down to this Euclidean norm. */
export const clipNorm = v.pipe(positive, v.maxValue(1e6, 'at most 1000000'));

interface Scheduled {
  readonly learningRate: number;
  readonly schedule?: LearningRateSchedule;
}

/** The settings as they are in round `round` (1, 2, ..): the schedule done away with, its rate put in. */
export function trainingInRound<Training extends Scheduled>(
  training: Training,
  round: number,
): Omit<Training, 'schedule'> {
  if (!Number.isInteger(round) || round < 1) throw new RangeError(`round: ${round}`);
  const { schedule = { kind: 'constant' }, ...settings } = training;
  return { ...settings, learningRate: training.learningRate * fractionInRound(schedule, round) };
}

function fractionInRound(schedule: LearningRateSchedule, round: number): number {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step':
      return schedule.factor ** Math.floor((round - 1) / schedule.everyRounds);
    case 'cosine': {
      const { finalFraction } = schedule;
      if (schedule.rounds === 1) return finalFraction;
      const progress = Math.min(1, (round - 1) / (schedule.rounds - 1));
      return finalFraction + ((1 - finalFraction) * (1 + Math.cos(Math.PI * progress))) / 2;
    }
  }
}
