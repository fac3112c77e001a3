/**
 * The declarative, versioned model specification. Pages and the coordinator read it without tfjs: shapes,
 * parameter counts, layout and initial parameters are computed beside it; training/build turns it into tfjs.
 */
import * as v from 'valibot';
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { exampleShape, layer } from './layers.ts';
import { shapesThrough, sizeOf } from './shapes.ts';

const VERSION = 1;

/** A label is a byte. */
const MAX_CLASSES = 256;

/**
 * Of the last layer's outputs, which are neither squashed nor normalised, and a label:
 * - `softmax-cross-entropy`: [classes] logits, the label is the class;
 * - `sigmoid-cross-entropy`: one logit, the label 0 or 1;
 * - `mse`: one number, the label is what it should be; the loss is the square of the difference.
 */
export const modelLoss = v.picklist(['softmax-cross-entropy', 'sigmoid-cross-entropy', 'mse']);
export type Loss = v.InferOutput<typeof modelLoss>;

const structure = v.strictObject({
  version: v.literal(
    VERSION,
    ({ received }) =>
      `This is a model specification of version ${received}; this program knows version ${VERSION}.`,
  ),
  /** Shape of one example, without the batch. */
  inputShape: exampleShape,
  layers: v.pipe(v.array(layer), v.minLength(1), v.maxLength(32, 'at most 32 layers')),
  loss: modelLoss,
});
export type ModelSpecification = v.InferOutput<typeof structure>;

/** A sentence where the layers do not fit one another, the inputs or the loss; null where they do. */
function misfit({ inputShape, layers, loss }: ModelSpecification): string | null {
  const shapes = shapesThrough(inputShape, layers);
  if (!shapes.ok) return shapes.fault;
  const last = shapes.value.at(-1) ?? [];
  if (last.length !== 1) return `the last layer gives [${last.join(', ')}], not one axis`;
  const outputs = sizeOf(last);
  if (loss === 'softmax-cross-entropy')
    return outputs >= 2 && outputs <= MAX_CLASSES
      ? null
      : `${loss} takes 2 to ${MAX_CLASSES} outputs, not ${outputs}`;
  return outputs === 1 ? null : `${loss} takes one output, not ${outputs}`;
}

export const modelSpecification = v.pipe(
  structure,
  v.check(
    (model) => misfit(model) === null,
    ({ input }) => misfit(input) ?? '',
  ),
);

/** Reads a specification from outside; a sentence with the place in it where it is none. */
export function readModel(value: unknown): Result<ModelSpecification, string> {
  const parsed = v.safeParse(modelSpecification, value);
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  return fail(path === null || path === 'version' ? issue.message : `${path}: ${issue.message}`);
}

/** How many labels there are, 0..classes-1; `model` is one that the schema let through. */
export function classesOf(model: ModelSpecification): number {
  if (model.loss === 'mse') return MAX_CLASSES;
  if (model.loss === 'sigmoid-cross-entropy') return 2;
  const shapes = shapesThrough(model.inputShape, model.layers);
  invariant(shapes.ok, 'a model that was checked has shapes that fit');
  return sizeOf(shapes.value.at(-1) ?? []);
}
