/** What a model is learnt by, as its file says it and as a specification does. */
import * as v from 'valibot';
import type { Loss } from '../model.ts';
import type { ModelFile } from './file.ts';

/** Keras' and TF.js' names in small letters, without what they put between words. */
const LOSSES: ReadonlyMap<string, Loss> = new Map([
  ['categoricalcrossentropy', 'softmax-cross-entropy'],
  ['sparsecategoricalcrossentropy', 'softmax-cross-entropy'],
  ['softmaxcrossentropy', 'softmax-cross-entropy'],
  ['binarycrossentropy', 'sigmoid-cross-entropy'],
  ['sigmoidcrossentropy', 'sigmoid-cross-entropy'],
  ['meansquarederror', 'mse'],
  ['mse', 'mse'],
]);

const AT_THE_END: Readonly<Record<string, Loss>> = {
  softmax: 'softmax-cross-entropy',
  sigmoid: 'sigmoid-cross-entropy',
};

const named = v.object({ class_name: v.string() });

export interface StatedLoss {
  /** Null where the file says none that is known here. */
  readonly loss: Loss | null;
  /** What the file calls it; null where it names none. */
  readonly stated: string | null;
}

/** What the file was trained by, else what its last layer is made for. */
export function lossOfFile({ trainedBy, layers }: ModelFile): StatedLoss {
  const stated = lossName(trainedBy);
  if (stated !== null)
    return { loss: LOSSES.get(stated.replaceAll(/[^A-Za-z]/gu, '').toLowerCase()) ?? null, stated };
  const last = layers.at(-1);
  const ending = last?.class_name === 'Softmax' ? 'softmax' : last?.config['activation'];
  return { loss: typeof ending === 'string' ? (AT_THE_END[ending] ?? null) : null, stated: null };
}

/** One loss by its name: alone, in a list, by the name of the output, or as a class. */
function lossName(given: unknown): string | null {
  if (typeof given === 'string') return given;
  const read = v.safeParse(named, given);
  if (read.success) return read.output.class_name;
  if (typeof given !== 'object' || given === null) return null;
  const losses: unknown[] = Object.values(given);
  return losses.length === 1 && typeof losses[0] !== 'object' ? lossName(losses[0]) : null;
}
