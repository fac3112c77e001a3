/** The model a run starts from: Glorot-uniform kernels (Glorot and Bengio 2010), zero biases, by seed alone. */
import { seededRandom } from '../base/random.ts';
import { layoutOf, parameterCount } from './layout.ts';
import type { ModelSpecification } from './model.ts';

/** [d], equal on every platform for equal seeds. */
export function initialParameters(model: ModelSpecification, seed: number): Float32Array<ArrayBuffer> {
  const parameters = new Float32Array(parameterCount(model));
  const random = seededRandom(`initial model ${seed}`);
  for (const { shape, offset, size } of layoutOf(model)) {
    const [inputs, units] = shape;
    if (units === undefined || inputs === undefined) continue; // a bias
    const limit = Math.sqrt(6 / (inputs + units));
    const words = new Uint32Array(random(4 * size).buffer);
    words.forEach((word, i) => (parameters[offset + i] = ((word + 0.5) / 2 ** 31 - 1) * limit));
  }
  return parameters;
}
