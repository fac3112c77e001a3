/** What each layer makes of a shape. Shapes are of one example, without the batch. */
import { unreachable } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Layer } from './layers.ts';

export type Shape = readonly number[];

/** The most numbers one example may become between two layers: 64 MiB of float32. */
const MAX_ACTIVATIONS = 2 ** 24;

export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/**
 * The input's shape, then each layer's output, one more than there are layers; a sentence naming the first layer
 * that does not fit what comes before it.
 */
export function shapesThrough(inputShape: Shape, layers: readonly Layer[]): Result<readonly Shape[], string> {
  const shapes: Shape[] = [inputShape];
  let shape = inputShape;
  for (const [index, layer] of layers.entries()) {
    const next = outputShape(layer, shape);
    const where = `layer ${index + 1} (${layer.kind})`;
    if (typeof next === 'string') return fail(`${where} ${next}, not [${shape.join(', ')}]`);
    if (layer.kind === 'embedding' && index > 0) return fail(`${where} is not the first layer`);
    if (sizeOf(next) > MAX_ACTIVATIONS)
      return fail(`${where} gives ${sizeOf(next)} numbers an example, more than ${MAX_ACTIVATIONS}`);
    shapes.push(next);
    shape = next;
  }
  return ok(shapes);
}

/** What the layer gives; a clause saying what it takes where `shape` does not fit. */
function outputShape(layer: Layer, shape: Shape): Shape | string {
  switch (layer.kind) {
    case 'dense':
      return shape.length === 1 ? [layer.units] : 'takes one axis (flatten comes before it)';
    case 'conv2d':
      return windowed(shape, layer.kernelSize, layer.strides, layer.padding, layer.filters);
    case 'maxPool':
    case 'averagePool':
      return windowed(shape, layer.poolSize, layer.strides, layer.padding, shape[2] ?? 0);
    case 'flatten':
      return [sizeOf(shape)];
    case 'reshape':
      return sizeOf(layer.shape) === sizeOf(shape) ? layer.shape : `takes ${sizeOf(layer.shape)} numbers`;
    case 'groupNorm': {
      const [, , channels] = shape;
      if (shape.length !== 3 || channels === undefined) return 'takes [height, width, channels]';
      return channels % layer.groups === 0 ? shape : `takes a multiple of ${layer.groups} channels`;
    }
    case 'dropout':
      return shape;
    case 'embedding':
      return shape.length === 1 ? [...shape, layer.units] : 'takes one axis of indices';
    case 'gru':
      return shape.length === 2 ? [layer.units] : 'takes [length, features]';
    default:
      return unreachable(layer);
  }
}

function windowed(
  [height, width, channels, ...more]: Shape,
  [windowHeight, windowWidth]: readonly [number, number],
  [strideY, strideX]: readonly [number, number],
  padding: 'same' | 'valid',
  outputs: number,
): Shape | string {
  if (height === undefined || width === undefined || channels === undefined || more.length > 0)
    return 'takes [height, width, channels]';
  if (padding === 'same') return [Math.ceil(height / strideY), Math.ceil(width / strideX), outputs];
  if (height < windowHeight || width < windowWidth)
    return `takes at least ${windowHeight} × ${windowWidth} with "valid" padding`;
  return [
    Math.floor((height - windowHeight) / strideY) + 1,
    Math.floor((width - windowWidth) / strideX) + 1,
    outputs,
  ];
}
