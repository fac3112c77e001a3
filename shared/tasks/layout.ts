/** How a model's tensors lie in one flat vector: layer order, kernel then bias, row-major. */
import type { ModelSpecification } from './model.ts';

export interface TensorLayout {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

export function layoutOf(model: ModelSpecification): readonly TensorLayout[] {
  const tensors: TensorLayout[] = [];
  let offset = 0;
  let inputs = model.inputShape.reduce((product, size) => product * size, 1);
  model.layers.forEach((layer, index) => {
    for (const [part, shape] of [
      ['kernel', [inputs, layer.units]],
      ['bias', [layer.units]],
    ] as const) {
      const size = shape.reduce((product, length) => product * length, 1);
      tensors.push({ name: `dense-${index + 1}/${part}`, shape, offset, size });
      offset += size;
    }
    inputs = layer.units;
  });
  return tensors;
}

export const parameterCount = (model: ModelSpecification): number =>
  layoutOf(model).reduce((sum, tensor) => sum + tensor.size, 0);
