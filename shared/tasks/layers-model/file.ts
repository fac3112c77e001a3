/**
 * The text of a model.json, as `model.save` of TF.js, its converter and Keras write it: what its layers are, one after
 * another, which weights it lists in which files, and the loss it was trained by.
 */
import * as v from 'valibot';
import { fail, ok, type Result } from '../../base/result.ts';
import { chainOf, functionalTopology } from './chain.ts';
import { kerasLayer, type KerasLayer } from './keras-layer.ts';
import { weightsManifest, type WeightsManifest } from './weights.ts';

/** A model.json says layers and names of weights; beyond it is something else. */
export const MAX_MODEL_JSON_BYTES = 1_048_576;

export interface ModelFile {
  /** From the first to the last, whichever way the file connects them. */
  readonly layers: readonly KerasLayer[];
  readonly manifest: WeightsManifest;
  readonly metadata: unknown;
  /** What the file says that it was trained by, as it says it; undefined where it does not. */
  readonly trainedBy: unknown;
}

const sequential = v.object({
  class_name: v.literal('Sequential'),
  config: v.union([
    v.pipe(
      v.array(kerasLayer),
      v.transform((layers) => ({ layers })),
    ),
    v.object({ layers: v.array(kerasLayer) }),
  ]),
});

const topology = v.variant(
  'class_name',
  [sequential, functionalTopology],
  ({ received }) =>
    `models of layers one after another are read ("Sequential", "Functional" or "Model"), not ${received}`,
);

const training = v.object({ loss: v.optional(v.unknown()) });

const modelJson = v.object({
  format: v.optional(
    v.literal(
      'layers-model',
      'only layers models are read, not graph models: convert it with --output_format=tfjs_layers_model',
    ),
  ),
  /** `model.save` writes the model itself, Keras' converter its configuration among other things. */
  modelTopology: v.record(v.string(), v.unknown()),
  weightsManifest,
  trainingConfig: v.optional(v.unknown()),
  userDefinedMetadata: v.optional(v.unknown()),
});

/** A sentence where the text is cut short, no layers model, or its layers branch. */
export function readModelFile(json: string): Result<ModelFile, string> {
  if (json.length > MAX_MODEL_JSON_BYTES)
    return fail('model.json is larger than 1 MB: choose the file that lists the layers, not the weights.');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return fail(
      'model.json is not JSON, or was cut short. Save the model once more and choose its files anew.',
    );
  }
  const parsed = v.safeParse(modelJson, value);
  if (!parsed.success) return fail(sentenceOf(parsed.issues[0], ''));
  const {
    modelTopology: given,
    weightsManifest: manifest,
    trainingConfig,
    userDefinedMetadata,
  } = parsed.output;
  const read = v.safeParse(topology, given['model_config'] ?? given);
  if (!read.success) return fail(sentenceOf(read.issues[0], 'modelTopology'));
  const layers =
    read.output.class_name === 'Sequential' ? ok(read.output.config.layers) : chainOf(read.output);
  if (!layers.ok) return layers;
  const trained = v.safeParse(training, trainingConfig ?? given['training_config']);
  return ok({
    layers: layers.value,
    manifest,
    metadata: userDefinedMetadata,
    trainedBy: trained.success ? trained.output.loss : undefined,
  });
}

/** The names of the files with weights that the manifest asks for, each once. */
export const weightPathsOf = ({ manifest }: ModelFile): readonly string[] => [
  ...new Set(manifest.flatMap(({ paths }) => paths)),
];

function sentenceOf(issue: v.BaseIssue<unknown>, within: string): string {
  const place = [within, v.getDotPath(issue)].filter(Boolean).join('.');
  return `model.json: ${place === '' ? 'the file' : place}: ${issue.message}.`;
}
