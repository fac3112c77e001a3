/**
 * How a model's tensors lie in one flat vector: in layer order, within a layer as listed, each row-major.
 *
 * | layer     | tensors                                                                              |
 * | --------- | ------------------------------------------------------------------------------------ |
 * | dense     | `kernel` [inputs, units], `bias` [units]                                             |
 * | conv2d    | `kernel` [height, width, channels, filters], `bias` [filters]                        |
 * | groupNorm | `scale` [channels], `offset` [channels]                                              |
 * | embedding | `table` [vocabulary, units]                                                          |
 * | gru       | `kernel` [features, 3 units], `recurrent-kernel` [units, 3 units], `bias` [3 units]; |
 * |           | columns of the update gate, the reset gate, the candidate                            |
 *
 * The other layers have none. In files and hashes the numbers are little-endian float32.
 */
import { invariant } from '../base/invariant.ts';
import type { Layer } from './layers.ts';
import type { ModelSpecification } from './model.ts';
import { shapesThrough, sizeOf, type Shape } from './shapes.ts';

export interface TensorLayout {
  /** Kind and place of the layer, counted from 1, and the tensor: `dense-2/kernel`. */
  readonly name: string;
  readonly shape: Shape;
  /** First element in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

/** `model` is one that the schema let through. */
export function layoutOf(model: ModelSpecification): readonly TensorLayout[] {
  const shapes = shapesThrough(model.inputShape, model.layers);
  invariant(shapes.ok, 'a model that was checked has shapes that fit');
  const tensors: TensorLayout[] = [];
  let offset = 0;
  for (const [index, layer] of model.layers.entries()) {
    for (const [part, shape] of tensorsOf(layer, shapes.value[index] ?? [])) {
      const size = sizeOf(shape);
      tensors.push({ name: `${layer.kind}-${index + 1}/${part}`, shape, offset, size });
      offset += size;
    }
  }
  return tensors;
}

export const parameterCount = (model: ModelSpecification): number =>
  layoutOf(model).reduce((sum, tensor) => sum + tensor.size, 0);

/** Name and shape of the layer's tensors where its input has the shape. */
export function tensorsOf(layer: Layer, inputShape: Shape): readonly (readonly [string, Shape])[] {
  const features = inputShape.at(-1) ?? 0;
  switch (layer.kind) {
    case 'dense':
      return [
        ['kernel', [features, layer.units]],
        ['bias', [layer.units]],
      ];
    case 'conv2d':
      return [
        ['kernel', [...layer.kernelSize, features, layer.filters]],
        ['bias', [layer.filters]],
      ];
    case 'groupNorm':
      return [
        ['scale', [features]],
        ['offset', [features]],
      ];
    case 'embedding':
      return [['table', [layer.vocabulary, layer.units]]];
    case 'gru':
      return [
        ['kernel', [features, 3 * layer.units]],
        ['recurrent-kernel', [layer.units, 3 * layer.units]],
        ['bias', [3 * layer.units]],
      ];
    case 'maxPool':
    case 'averagePool':
    case 'flatten':
    case 'reshape':
    case 'dropout':
      return [];
  }
}
