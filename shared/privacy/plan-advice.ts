/** Whether a plan can learn, and what would make it: each setting alone, all others as they are. */
import type { Plan } from './plan.ts';
import { planRun } from './plan.ts';
import type { PlanSettings } from './plan-settings.ts';
import { MAX_BITS } from './plan-settings.ts';
import { bisect } from '../numeric/bisection.ts';
import { MAX_COHORT } from '../protocol/limits.ts';

/** Noise as large as the largest update: up to this it costs little. */
export const NOISE_LIMIT = 1;
/**
 * Beyond this many times the largest update a plan can hardly learn. Measured (`npm run bench -- dp-accuracy`): at 2.9
 * times softmax regression on MNIST lost next to nothing, at 27 times the 2NN lost 21 and 25 points of 94.
 */
const HOPELESS = 30;

export type Outlook = 'learns' | 'learns-worse' | 'hardly-learns';

export function outlookOf({ noiseToClip }: Pick<Plan, 'noiseToClip'>): Outlook {
  if (noiseToClip <= NOISE_LIMIT) return 'learns';
  return noiseToClip <= HOPELESS ? 'learns-worse' : 'hardly-learns';
}

/** What it means, beside the figure itself. */
export const OUTLOOK_WORDS: Readonly<Record<Outlook, { readonly short: string; readonly why: string }>> = {
  learns: { short: 'This can learn.', why: 'The smaller, the better it learns.' },
  'learns-worse': {
    short: 'This will learn worse than without noise.',
    why: 'On handwritten digits, 2.9 times cost a small model next to nothing, and 27 times cost a larger one more than 20 points of 94.',
  },
  'hardly-learns': {
    short: 'This can hardly learn.',
    why: 'What the tabs have learnt drowns in it: at 27 times, a model of handwritten digits lost more than 20 points of 94.',
  },
};

/** A larger one bounds nothing, and the drawing of the noise would leave none of the usual δ. */
const MAX_ADVISED_EPSILON = 20;

export interface Advice {
  readonly setting: 'rounds' | 'clients' | 'parameters' | 'epsilon' | 'bits';
  readonly value: number;
}

/** For each setting, the nearest value at which the noise in the mean is at most the clip norm; none where it is so. */
export function adviceFor(settings: PlanSettings, plan: Plan): Advice[] {
  if (plan.noiseToClip <= NOISE_LIMIT) return [];
  const fits = (changed: Partial<PlanSettings>): boolean => {
    const result = planRun({ ...settings, ...changed });
    return result.ok && result.value.noiseToClip <= NOISE_LIMIT;
  };
  const { rounds, clients, parameters, epsilon, bits } = settings;
  const withRounds = (value: number): boolean =>
    fits({ rounds: value, participations: Math.min(value, settings.participations) });
  const withClients = (value: number): boolean => {
    const minSurvivors = Math.ceil((settings.minSurvivors * value) / clients);
    return fits({ clients: value, minSurvivors });
  };
  const found: [Advice['setting'], number | null][] = [
    ['rounds', nearest(rounds, 1, withRounds)],
    ['clients', nearest(clients, MAX_COHORT, withClients)],
    ['parameters', nearest(parameters, 1, (value) => fits({ parameters: value }))],
    ['epsilon', nearest(Math.ceil(epsilon), MAX_ADVISED_EPSILON, (value) => fits({ epsilon: value }))],
    ['bits', nearest(bits, MAX_BITS, (value) => fits({ bits: value }))],
  ];
  return found.flatMap(([setting, value]) => (value === null ? [] : [{ setting, value }]));
}

/** The whole number nearest to `from` on the way to `to` that works; null where `to` does not. */
const nearest = (from: number, to: number, works: (value: number) => boolean): number | null =>
  works(to) ? bisect(from, to, works) : null;
