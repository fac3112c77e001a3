/** How far two backends end from each other after the same seeded steps, and how far they may. */
import type { Result } from '../../base/result.ts';
import type { TrainFault, TrainOutcome } from '../../participant/ports.ts';
import { examplesFor, jobOf, type ModelCase } from '../model-cases.ts';
import { trainLocally } from '../trainer.ts';

export interface SeededSteps {
  /** The loss before each step. */
  readonly losses: readonly number[];
  /** What the steps changed, [d]. */
  readonly delta: Float32Array;
}

/** Both relative: of a loss, and of the largest change of any weight. */
export interface Distance {
  readonly losses: number;
  readonly weights: number;
}

/** The first `steps` of the case on the backend that is set; throws where it does not train. */
export async function seededSteps(modelCase: ModelCase, steps: number): Promise<SeededSteps> {
  const losses: number[] = [];
  const trained: Result<TrainOutcome, TrainFault> = await trainLocally(
    jobOf(modelCase, {
      examples: examplesFor(modelCase.model, steps * modelCase.training.batchSize),
      onBatch: ({ loss }) => losses.push(loss),
    }),
  );
  if (!trained.ok) throw new Error(trained.fault.detail);
  return { losses, delta: trained.value.delta };
}

/** The largest differences of `steps` from `reference`; NaN where a number is missing or none. */
export function distanceOf(steps: SeededSteps, reference: SeededSteps): Distance {
  const losses = reference.losses.map((loss, i) => Math.abs((steps.losses[i] ?? Number.NaN) / loss - 1));
  const change = largest(reference.delta);
  const differences = reference.delta.map((value, i) => (steps.delta[i] ?? Number.NaN) - value);
  return { losses: Math.max(...losses), weights: largest(differences) / change };
}

/** NaN among them stays. */
function largest(values: Float32Array): number {
  let most = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (!(size <= most)) most = size;
    if (Number.isNaN(most)) return most;
  }
  return most;
}

/** So many steps are compared. */
export const COMPARED_STEPS = 3;

/**
 * How far the backend may be from another after `COMPARED_STEPS`. Rounding differs alone: sums are added up in another
 * order, and WebGPU's exponentials are coarser. Adam divides by the size of the gradient, so it makes of a rounding
 * of almost 0 a whole step. With more steps than these few it happens that two values of a pooling window are equal
 * but for their rounding, and one pixel's gradient goes another way: the fifth of the group-norm CNN moves the
 * weights by 5e-3 of the largest change that way, the loss by 3e-7.
 */
export function toleranceOf({ training }: ModelCase, backend: 'wasm' | 'webgpu'): Distance {
  const adam = training.optimizer.kind === 'adam';
  return backend === 'wasm'
    ? { losses: 2e-6, weights: adam ? 3e-3 : 1e-5 }
    : { losses: 2e-5, weights: adam ? 3e-3 : 1e-5 };
}
