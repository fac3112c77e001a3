/** Whether examples are what a model takes: asked before a model is built for them. */
import type { Examples } from '../data/examples.ts';
import { classesOf, type ModelSpecification } from './model.ts';
import { sizeOf } from './shapes.ts';

/** A sentence where an example's inputs or its label do not fit the model; null where all do. */
export function examplesMisfit(
  model: ModelSpecification,
  { count, inputs, labels }: Examples,
): string | null {
  if (count < 1) return 'There are no examples.';
  const width = sizeOf(model.inputShape);
  if (inputs.length !== count * width)
    return `The model takes ${width} numbers an example, the data have ${inputs.length / count}.`;
  if (labels.length !== count) return `There are ${labels.length} labels for ${count} examples.`;
  const classes = classesOf(model);
  const stray = labels.findIndex((label) => label >= classes);
  if (stray >= 0)
    return `Example ${stray + 1} has label ${labels[stray]}, the model knows 0 to ${classes - 1}.`;
  const [first] = model.layers;
  if (first?.kind !== 'embedding') return null;
  const unknown = inputs.findIndex(
    (index) => !(Number.isInteger(index) && index >= 0 && index < first.vocabulary),
  );
  return unknown < 0
    ? null
    : `Example ${Math.floor(unknown / width) + 1} has index ${inputs[unknown]}, the model knows 0 to ${first.vocabulary - 1}.`;
}
