/** What training a model takes of a device's memory, from below: asked before anything is downloaded. */
import { invariant } from '../base/invariant.ts';
import { parameterCount } from './layout.ts';
import type { ModelSpecification } from './model.ts';
import { shapesThrough, sizeOf } from './shapes.ts';
import type { LocalTraining } from './task.ts';

const FLOAT_BYTES = 4;

/** The most that 32-bit WebAssembly addresses. */
const HEAP_BYTES = 2 ** 32;

/** Numbers a parameter that an optimiser keeps. */
const STATE = { sgd: 0, momentum: 1, adam: 2 } as const;

/**
 * Bytes that are in memory at the same time, at least: of each parameter the weight, its gradient, the global model's
 * and the optimiser's state; of each number between layers, a batch of them, and its gradient.
 */
export function trainingBytes(model: ModelSpecification, training: LocalTraining): number {
  const shapes = shapesThrough(model.inputShape, model.layers);
  invariant(shapes.ok, 'a model that was checked has shapes that fit');
  const activations = shapes.value.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const copies = 3 + STATE[training.optimizer.kind] + (training.fedProx === undefined ? 0 : 1);
  return FLOAT_BYTES * (copies * parameterCount(model) + 2 * training.batchSize * activations);
}

/** A sentence where the model is too large for a device of `deviceBytes` (null where it does not say); null where not. */
export function memoryMisfit(
  model: ModelSpecification,
  training: LocalTraining,
  deviceBytes: number | null,
): string | null {
  const bytes = trainingBytes(model, training);
  if (bytes <= Math.min(HEAP_BYTES, deviceBytes ?? HEAP_BYTES)) return null;
  return `Training this model takes more than ${Math.floor(bytes / 1e6).toLocaleString('en')} MB of memory, which this device does not give a tab.`;
}
