/**
 * A TF.js layers model (model.json and its weights, as `model.save` or the Keras converter write them) as a model
 * specification and its parameters. Read are models of layers one after another; which, layers.ts says.
 */
import * as v from 'valibot';
import { fail, ok, type Result } from '../../base/result.ts';
import { parameterCount, layoutOf } from '../layout.ts';
import type { Layer } from '../layers.ts';
import { readModel, type Loss, type ModelSpecification } from '../model.ts';
import { bytesOfParameters, modelHashOf } from '../parameters.ts';
import { shapesThrough, type Shape } from '../shapes.ts';
import { stockNameOf } from './export.ts';
import { readModelFile, type ModelFile } from './file.ts';
import { nameOf, titleOf, type KerasLayer } from './keras-layer.ts';
import { readLayer, type Ending } from './layers.ts';
import { layerName, topologyOf } from './topology.ts';
import { MAX_IMPORTED_PARAMETERS, readWeights, tooMany, type NamedTensor } from './weights.ts';

/** What a file has that this program wrote (export.ts). */
const ownMetadata = v.object({ chorale: v.object({ model: v.unknown(), sha256: v.string() }) });

export interface ImportedModel {
  readonly model: ModelSpecification;
  /** [d], all finite. */
  readonly parameters: Float32Array<ArrayBuffer>;
}

export interface LayersModelFiles {
  /** The text of model.json. */
  readonly json: string;
  /** By the paths that model.json names. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
  /** What is learnt by; losses.ts has what the file says of it. */
  readonly loss: Loss;
}

/** A sentence where a layer has no counterpart (naming it), or a file is cut short or another model's. */
export function readLayersModel({ json, weights, loss }: LayersModelFiles): Result<ImportedModel, string> {
  const file = readModelFile(json);
  if (!file.ok) return file;
  const own = v.safeParse(ownMetadata, file.value.metadata);
  const model = own.success
    ? ownModel(file.value, own.output.chorale.model, loss)
    : foreignModel(file.value, loss);
  if (!model.ok) return model;
  const count = parameterCount(model.value.model);
  if (count > MAX_IMPORTED_PARAMETERS) return fail(tooMany(count));
  if (count === 0) return fail('The model has no layer that learns. Add a Dense layer at its end.');
  const tensors = readWeights(file.value.manifest, weights);
  if (!tensors.ok) return tensors;
  const parameters = inLayoutOrder(model.value, tensors.value);
  if (!parameters.ok) return parameters;
  if (own.success && modelHashOf(bytesOfParameters(parameters.value)) !== own.output.chorale.sha256)
    return fail(
      'The weights do not have the hash that model.json says they have: the files are of two models, or were changed. Choose the two that were saved together.',
    );
  return ok({ model: model.value.model, parameters: parameters.value });
}

/** A specification, and what the layers with tensors are called in the file. */
interface NamedModel {
  readonly model: ModelSpecification;
  /** By our layer's name. */
  readonly names: ReadonlyMap<string, string>;
}

/** The specification that this program wrote beside the layers, where those are what it gives. */
function ownModel(file: ModelFile, given: unknown, loss: Loss): Result<NamedModel, string> {
  const model = readModel(given);
  if (!model.ok) return fail(`The specification in model.json: ${model.fault}`);
  const { layers } = topologyOf(model.value).config;
  if (!isEqualJson(layers, file.layers))
    return fail(
      'The layers in model.json are not those of the specification in it. Remove its userDefinedMetadata to have the layers read alone.',
    );
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

function foreignModel({ layers: given }: ModelFile, loss: Loss): Result<NamedModel, string> {
  const [first] = given;
  const input = v.safeParse(inputConfig, { batch_input_shape: batchShapeOf(first?.config) });
  if (!input.success)
    return fail(
      'The first layer does not say the shape of the inputs (batch_input_shape). Make it with inputShape, and save the model once more.',
    );
  const [, ...inputShape] = input.output.batch_input_shape;
  if (inputShape.includes(null))
    return fail(
      `The model takes inputs of any length, [${inputShape.map((length) => length ?? 'any').join(', ')}]. Make it for inputs of one shape (inputShape, inputLength).`,
    );
  const body = first?.class_name === 'InputLayer' ? given.slice(1) : given;
  const read = readLayers(body, inputShape as Shape);
  if (!read.ok) return read;
  const layers = withEnding(read.value, loss);
  if (!layers.ok) return layers;
  const model = readModel({ version: 1, inputShape, layers: layers.value, loss });
  if (!model.ok) return fail(`The model cannot be trained here: ${model.fault}.`);
  const names = read.value.layers.map(({ layer, name }, index) => [layerName(layer, index), name] as const);
  return ok({ model: model.value, names: new Map(names) });
}

/** Keras 3 writes it under another name. */
const batchShapeOf = (config: KerasLayer['config'] | undefined): unknown =>
  config?.['batch_input_shape'] ?? config?.['batch_shape'];

interface NamedLayers {
  readonly layers: readonly { readonly layer: Layer; readonly name: string }[];
  /** After the last of them, and the layer of the file that says so; null where nothing follows. */
  readonly ending: { readonly kind: Ending; readonly title: string } | null;
}

function readLayers(body: readonly KerasLayer[], inputShape: Shape): Result<NamedLayers, string> {
  const layers: { layer: Layer; name: string }[] = [];
  let shape = inputShape;
  for (const [index, given] of body.entries()) {
    const read = readLayer(given, shape);
    if (!read.ok) return read;
    layers.push(...read.value.layers.map((layer) => ({ layer, name: nameOf(given) })));
    const shapes = shapesThrough(
      inputShape,
      layers.map(({ layer }) => layer),
    );
    if (!shapes.ok)
      return fail(`${titleOf(given)} does not fit what comes before it, or its input: ${shapes.fault}.`);
    shape = shapes.value.at(-1) ?? inputShape;
    const { ending: kind } = read.value;
    if (kind === 'linear') continue;
    if (index === body.length - 1) return ok({ layers, ending: { kind, title: titleOf(given) } });
    const place = lastOfSums(layers.map(({ layer }) => layer));
    const followed = layers[place];
    const activated = followed && activatedBy(followed.layer, kind);
    if (!followed || !activated) return fail(misplaced(titleOf(given), kind));
    layers[place] = { ...followed, layer: activated };
  }
  return ok({ layers, ending: null });
}

/** Its place; what only lays numbers out anew does not matter to an activation. */
const lastOfSums = (layers: readonly Layer[]): number =>
  layers.findLastIndex(({ kind }) => kind !== 'flatten' && kind !== 'reshape');

/** The layer with the activation after its sums; null where it has none, or another already. */
function activatedBy(layer: Layer, ending: Ending): Layer | null {
  if (ending === 'softmax' || !('activation' in layer) || layer.activation !== 'linear') return null;
  return { ...layer, activation: ending };
}

const misplaced = (title: string, ending: Ending): string =>
  ending === 'softmax'
    ? `${title}: activation: "softmax" is known at the end of a model alone. Use "relu" within it.`
    : `${title}: activation: "${ending}" follows a layer of sums here. Put it right after a Dense or Conv2D layer.`;

/** What the loss squashes or normalises itself is left to it; the rest is the last layer's. */
function withEnding({ layers: named, ending }: NamedLayers, loss: Loss): Result<readonly Layer[], string> {
  const layers = named.map(({ layer }) => layer);
  if (ending === null) return ok(layers);
  const { kind, title } = ending;
  if (SQUASHED_BY[loss] === kind) return ok(layers);
  if (kind === 'softmax' || (kind === 'sigmoid' && loss !== 'mse'))
    return fail(
      `${title} ends the model with ${kind}, which does not fit the loss ${loss}. Choose the loss ${kind === 'softmax' ? 'softmax-cross-entropy' : 'sigmoid-cross-entropy'}, or change the last layer.`,
    );
  const place = lastOfSums(layers);
  const last = layers[place];
  const activated = last && activatedBy(last, kind);
  return activated ? ok(layers.with(place, activated)) : fail(misplaced(title, kind));
}

const SQUASHED_BY: Readonly<Record<Loss, Ending | null>> = {
  'softmax-cross-entropy': 'softmax',
  'sigmoid-cross-entropy': 'sigmoid',
  mse: null,
};

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
    const found = tensors.find((candidate) => isCalled(candidate.name, wanted, tensor));
    if (found === undefined)
      return fail(
        `The weight "${wanted}/${tensor}" is missing in model.json. Save the model once more, with its weights.`,
      );
    if (withoutOnes(found.shape) !== withoutOnes(shape))
      return fail(
        `The weight "${found.name}" is [${found.shape.join(', ')}], its layer takes [${shape.join(', ')}]: the layers and the weights are of two models.`,
      );
    parameters.set(found.values, offset);
  }
  return tensors.length === layout.length
    ? ok(parameters)
    : fail(
        `model.json lists ${tensors.length} weights, its layers take ${layout.length}: the layers and the weights are of two models.`,
      );
}

/** Keras puts the model's name before a layer's, a cell's between it and its tensor's, and ":0" at the end. */
function isCalled(given: string, layer: string, tensor: string): boolean {
  const parts = given.replace(/:0$/u, '').split('/');
  return parts.at(-1) === tensor && parts.slice(0, -1).includes(layer);
}

const withoutOnes = (shape: Shape): string => shape.filter((length) => length !== 1).join();
