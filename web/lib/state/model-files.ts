/** The files a person picked as a TF.js layers model: which is model.json, which hold weights, and what they say. */
import { fail, ok, type Result } from '#shared/base/result.ts';
import { MAX_MODEL_JSON_BYTES, readModelFile, weightPathsOf } from '#shared/tasks/layers-model/file.ts';
import { lossOfFile, type StatedLoss } from '#shared/tasks/layers-model/losses.ts';
import { MAX_UPLOAD_BYTES } from '#shared/tasks/layers-model/upload.ts';
import { MAX_MODEL_NAME } from '#shared/tasks/own-model.ts';

export interface ModelFiles {
  /** What the file of the layers is called, without its ending. */
  readonly name: string;
  /** The bytes of model.json. */
  readonly model: Uint8Array;
  /** By the paths that model.json names. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
  readonly stated: StatedLoss;
}

/** Other ways of keeping a model, which a person may take for this one. */
const OTHER_KINDS = /\.(?:h5|hdf5|keras|pb|onnx|tflite|pt|pth|safetensors|zip)$/iu;

/** Reads no more than an upload may be. A sentence where the files are no layers model with all its weights. */
export async function readModelFiles(files: readonly File[]): Promise<Result<ModelFiles, string>> {
  const other = files.find(({ name }) => OTHER_KINDS.test(name));
  if (other !== undefined)
    return fail(
      `${other.name} is no layers model of TensorFlow.js. Convert it (tensorflowjs_converter --output_format=tfjs_layers_model) and choose the model.json and the .bin files that this writes.`,
    );
  const listings = files.filter(({ name }) => name.toLowerCase().endsWith('.json'));
  const [listing] = listings;
  if (listing === undefined)
    return fail('There is no model.json among these files. Choose it together with its weight files.');
  if (listings.length > 1)
    return fail(
      `There are ${listings.length} .json files among these: ${listings.map(({ name }) => name).join(', ')}. Choose one model.`,
    );
  if (listing.size > MAX_MODEL_JSON_BYTES)
    return fail(`${listing.name} is larger than 1 MB: choose the file that lists the layers.`);
  const model = new Uint8Array(await listing.arrayBuffer());
  const read = readModelFile(new TextDecoder().decode(model));
  if (!read.ok) return read;
  const weights = await weightsNamed(weightPathsOf(read.value), files);
  if (!weights.ok) return weights;
  const name = listing.name.replace(/\.json$/iu, '').slice(0, MAX_MODEL_NAME);
  return ok({ name, model, weights: weights.value, stated: lossOfFile(read.value) });
}

/** A picked file has no folder; a path may. Those that are missing are named when the weights are read. */
async function weightsNamed(
  paths: readonly string[],
  files: readonly File[],
): Promise<Result<ReadonlyMap<string, Uint8Array>, string>> {
  const found = paths.flatMap((path) => {
    const file = files.find(({ name }) => name === path.split('/').at(-1));
    return file === undefined ? [] : [{ path, file }];
  });
  const size = found.reduce((sum, { file }) => sum + file.size, 0);
  if (size > MAX_UPLOAD_BYTES)
    return fail(
      `The weights are larger than the ${Math.floor(MAX_UPLOAD_BYTES / 1e6)} MB that a run can train. Make the model’s layers smaller.`,
    );
  const weights = new Map<string, Uint8Array>();
  for (const { path, file } of found) weights.set(path, new Uint8Array(await file.arrayBuffer()));
  return ok(weights);
}
