/**
 * A model of an admin's own on the data of a task that ships: whether it fits them, and the task it makes of both. The
 * task says what an example's inputs are and which labels there are; both are those of its own model.
 */
import { fail, ok, type Result } from '../base/result.ts';
import { parameterCount } from './layout.ts';
import { memoryMisfit } from './footprint.ts';
import { classesOf, type ModelSpecification } from './model.ts';
import { sizeOf } from './shapes.ts';
import type { Task } from './task.ts';

/** A name that a person gave, as pages show it. */
export const MAX_MODEL_NAME = 40;

/** A sentence where the inputs, the labels or the size do not fit; null where all do. */
export function ownModelMisfit(model: ModelSpecification, task: Task): string | null {
  return inputMisfit(model, task) ?? labelMisfit(model, task) ?? memoryMisfit(model, task.training, null);
}

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

function inputMisfit(
  model: ModelSpecification,
  { title, model: { inputShape, layers } }: Task,
): string | null {
  const [given, taken] = [sizeOf(inputShape), sizeOf(model.inputShape)];
  if (given !== taken)
    return `The model takes ${taken} numbers an example, ${shapeText(model.inputShape)}; “${title}” has ${given}, ${shapeText(inputShape)}. Choose other data, or make the model for inputs of that shape.`;
  const [first, own] = [layers[0], model.layers[0]];
  if (first?.kind === 'embedding')
    return own?.kind === 'embedding' && own.vocabulary >= first.vocabulary
      ? null
      : `Inputs of “${title}” are places in a list of ${first.vocabulary} characters. Begin the model with an Embedding layer of at least as many (input_dim).`;
  return own?.kind === 'embedding'
    ? `The model begins with an Embedding, which takes places in a list; inputs of “${title}” are quantities. Choose other data, or leave the Embedding out.`
    : null;
}

function labelMisfit(model: ModelSpecification, { title, model: own }: Task): string | null {
  // A number may be learnt of any label.
  if (model.loss === 'mse') return null;
  const [known, there] = [classesOf(model), classesOf(own)];
  if (known === there) return null;
  const wanted =
    there === 2
      ? 'with one output and the binary loss, or two outputs and the categorical one'
      : `with ${there} outputs`;
  return `The model tells ${known} classes apart, “${title}” has ${there}. Choose other data, or end the model ${wanted}.`;
}

/** What a run's participants are told of the model. */
export interface OwnModel {
  /** Hex; of name, specification and weights (layers-model/upload). */
  readonly id: string;
  readonly name: string;
  readonly model: ModelSpecification;
}

/**
 * The greatest range of a task that ships: what an unknown model's weights change by in a round is not known
 * beforehand, and 16 bits still tell changes of 0.00025 apart.
 */
const RANGE = 8;

/** The task with the model in its place; of the same data and training. A sentence where the two do not fit. */
export function taskWithOwnModel(task: Task, { id, name, model }: OwnModel): Result<Task, string> {
  const misfit = ownModelMisfit(model, task);
  if (misfit !== null) return fail(misfit);
  const parameters = parameterCount(model).toLocaleString('en');
  return ok({
    ...task,
    // Of its own, by which evaluations and offers are told apart.
    id: `${task.id.slice(0, 23)}-own-${id.slice(0, 12)}`,
    title: `${name}, on ${task.title}`.slice(0, 80),
    summary:
      `A model that this run’s admin brought, “${name}”, with ${model.layers.length} layers and ${parameters} parameters, learns from the data of “${task.title}”.`.slice(
        0,
        400,
      ),
    model,
    quantization: { ...task.quantization, range: Math.max(RANGE, task.quantization.range) },
  });
}
