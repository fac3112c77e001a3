/**
 * The model a run starts from, by seed alone: kernels Glorot-uniform (Glorot and Bengio 2010), embeddings uniform in
 * ±0.05, scales 1, biases and offsets 0.
 */
import { seededRandom } from '../base/random.ts';
import { layoutOf, parameterCount, type TensorLayout } from './layout.ts';
import type { ModelSpecification } from './model.ts';
import { sizeOf } from './shapes.ts';

const EMBEDDING_LIMIT = 0.05;

/** [d], equal on every platform for equal seeds. */
export function initialParameters(model: ModelSpecification, seed: number): Float32Array<ArrayBuffer> {
  const parameters = new Float32Array(parameterCount(model));
  const random = seededRandom(`initial model ${seed}`);
  for (const tensor of layoutOf(model)) {
    const { offset, size } = tensor;
    if (tensor.name.endsWith('/scale')) parameters.fill(1, offset, offset + size);
    const limit = limitOf(tensor);
    if (limit === 0) continue;
    const words = new Uint32Array(random(4 * size).buffer);
    words.forEach((word, i) => (parameters[offset + i] = ((word + 0.5) / 2 ** 31 - 1) * limit));
  }
  return parameters;
}

/** Of the uniform distribution the tensor is drawn from; 0 where it is not drawn. */
function limitOf({ name, shape }: TensorLayout): number {
  if (name.endsWith('/table')) return EMBEDDING_LIMIT;
  const [outputs, inputs] = [shape.at(-1), shape.at(-2)];
  if (inputs === undefined || outputs === undefined) return 0;
  // A convolution's kernel meets every position of its window.
  const positions = sizeOf(shape.slice(0, -2));
  return Math.sqrt(6 / (positions * (inputs + outputs)));
}
