/** Server optimisers: from the round's mean update to the next model. */
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';

/** FedAvg (McMahan et al. 2017): global + mean, both [d]; a sentence where the result is not finite. */
export function federatedAverage(
  global: Float32Array,
  mean: Float32Array,
): Result<Float32Array<ArrayBuffer>, string> {
  invariant(global.length === mean.length, 'a mean for every parameter');
  const next = Float32Array.from(global, (value, i) => value + (mean[i] as number));
  return next.every(Number.isFinite)
    ? ok(next)
    : fail('the averaged model holds a number that is not finite');
}
