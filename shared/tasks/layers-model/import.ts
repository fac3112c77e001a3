/**
 * A TF.js layers model (model.json and its weights, as `model.save` or the Keras converter write them) as a model
 * specification and its parameters. Read are models of layers one after another; which, layers.ts says.
 */
import * as v from 'valibot';
import { fail, ok, type Result } from '../../base/result.ts';
import { parameterCount, layoutOf } from '../layout.ts';
import { readModel, type Loss, type ModelSpecification } from '../model.ts';
import { bytesOfParameters, modelHashOf } from '../parameters.ts';
import { stockNameOf } from './export.ts';
import { kerasLayer, readLayer, type NamedLayer } from './layers.ts';
import { layerName, topologyOf } from './topology.ts';
import { readWeights, weightsManifest, type NamedTensor } from './weights.ts';

const sequential = v.object({
  class_name: v.literal('Sequential', 'only models of layers one after another (Sequential) are read'),
  config: v.union([
    v.pipe(
      v.array(kerasLayer),
      v.transform((layers) => ({ layers })),
    ),
    v.object({ layers: v.array(kerasLayer) }),
  ]),
});

const modelJson = v.object({
  format: v.optional(v.literal('layers-model', 'only layers models are read')),
  /** `model.save` writes the model itself, Keras' converter its configuration among other things. */
  modelTopology: v.pipe(
    v.record(v.string(), v.unknown()),
    v.transform((topology) => topology['model_config'] ?? topology),
    sequential,
  ),
  weightsManifest,
  userDefinedMetadata: v.optional(v.unknown()),
});
type ModelJson = v.InferOutput<typeof modelJson>;

/** What a file has that this program wrote (export.ts). */
const ownMetadata = v.object({ chorale: v.object({ model: v.unknown(), sha256: v.string() }) });

export interface ImportedModel {
  readonly model: ModelSpecification;
  /** [d] */
  readonly parameters: Float32Array<ArrayBuffer>;
}

export interface LayersModelFiles {
  /** The text of model.json. */
  readonly json: string;
  /** By the paths that model.json names. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
  /** What is learnt by; a file says it in a way that is not kept here. */
  readonly loss: Loss;
}

/** A sentence where a layer has no counterpart (naming it), or a file is cut short or another model's. */
export function readLayersModel({ json, weights, loss }: LayersModelFiles): Result<ImportedModel, string> {
  const parsed = readJson(json);
  if (!parsed.ok) return parsed;
  const own = v.safeParse(ownMetadata, parsed.value.userDefinedMetadata);
  const model = own.success
    ? ownModel(parsed.value, own.output.chorale.model, loss)
    : foreignModel(parsed.value, loss);
  if (!model.ok) return model;
  const tensors = readWeights(parsed.value.weightsManifest, weights);
  if (!tensors.ok) return tensors;
  const parameters = inLayoutOrder(model.value, tensors.value);
  if (!parameters.ok) return parameters;
  if (own.success && modelHashOf(bytesOfParameters(parameters.value)) !== own.output.chorale.sha256)
    return fail('The weights do not have the hash that model.json says they have.');
  return ok({ model: model.value.model, parameters: parameters.value });
}

function readJson(json: string): Result<ModelJson, string> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return fail('model.json is not JSON, or was cut short.');
  }
  const parsed = v.safeParse(modelJson, value);
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return fail(`model.json: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}.`);
}

/** A specification, and what the layers with tensors are called in the file. */
interface NamedModel {
  readonly model: ModelSpecification;
  /** By our layer's name. */
  readonly names: ReadonlyMap<string, string>;
}

/** The specification that this program wrote beside the layers, where those are what it gives. */
function ownModel(file: ModelJson, given: unknown, loss: Loss): Result<NamedModel, string> {
  const model = readModel(given);
  if (!model.ok) return fail(`The specification in model.json: ${model.fault}`);
  const { layers } = topologyOf(model.value).config;
  if (!isEqualJson(layers, file.modelTopology.config.layers))
    return fail('The layers in model.json are not those of the specification in it.');
  const learntBy = readModel({ ...model.value, loss });
  if (!learntBy.ok) return fail(`${learntBy.fault}.`);
  const names = learntBy.value.layers.map((layer, index) => layerName(layer, index));
  return ok({ model: learntBy.value, names: new Map(names.map((name) => [name, name])) });
}

/** Alike but for the order of keys, which `JSON` keeps and other programs need not. */
function isEqualJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return left.size === right.size && [...left].every(([key, value]) => isEqualJson(value, right.get(key)));
}

const inputConfig = v.object({ batch_input_shape: v.pipe(v.array(v.nullable(v.number())), v.minLength(2)) });

function foreignModel(file: ModelJson, loss: Loss): Result<NamedModel, string> {
  const given = file.modelTopology.config.layers;
  const [first] = given;
  const input = v.safeParse(inputConfig, { batch_input_shape: batchShapeOf(first?.config) });
  if (!input.success)
    return fail('The first layer does not say the shape of the inputs (batch_input_shape).');
  const body = first?.class_name === 'InputLayer' ? given.slice(1) : given;
  const layers: NamedLayer[] = [];
  for (const [index, keras] of body.entries()) {
    const read = readLayer(keras, index === body.length - 1 ? loss : null);
    if (!read.ok) return read;
    layers.push(read.value);
  }
  const model = readModel({
    version: 1,
    inputShape: input.output.batch_input_shape.slice(1),
    layers: layers.map(({ layer }) => layer),
    loss,
  });
  if (!model.ok) return fail(`The model cannot be trained here: ${model.fault}.`);
  const names = layers.map(({ name, layer }, index) => [layerName(layer, index), name] as const);
  return ok({ model: model.value, names: new Map(names) });
}

/** Keras 3 writes it under another name. */
const batchShapeOf = (config: Readonly<Record<string, unknown>> | undefined): unknown =>
  config?.['batch_input_shape'] ?? config?.['batch_shape'];

/** The tensors as the specification wants them, each of the same numbers; [d]. */
function inLayoutOrder(
  { model, names }: NamedModel,
  tensors: readonly NamedTensor[],
): Result<Float32Array<ArrayBuffer>, string> {
  const parameters = new Float32Array(parameterCount(model));
  const layout = layoutOf(model);
  for (const { name, shape, offset } of layout) {
    const { layer, tensor } = stockNameOf(name);
    const wanted = names.get(layer) ?? layer;
    // Keras puts a cell's name between a layer's and its tensor's.
    const found = tensors.find(
      (candidate) => candidate.name.startsWith(`${wanted}/`) && candidate.name.endsWith(`/${tensor}`),
    );
    if (found === undefined) return fail(`The weight "${wanted}/${tensor}" is missing in model.json.`);
    const isShape = found.shape.filter((n) => n !== 1).join() === shape.filter((n) => n !== 1).join();
    if (!isShape)
      return fail(
        `The weight "${found.name}" is [${found.shape.join(', ')}], its layer takes [${shape.join(', ')}].`,
      );
    parameters.set(found.values, offset);
  }
  return tensors.length === layout.length
    ? ok(parameters)
    : fail(`model.json lists ${tensors.length} weights, its layers take ${layout.length}.`);
}
