/** The weights of a TF.js model: a manifest that names tensors, and files that hold their float32 one after another. */
import * as v from 'valibot';
import { concatBytes } from '../../base/bytes.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { sizeOf } from '../shapes.ts';

const entry = v.object({
  name: v.string(),
  shape: v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  dtype: v.string(),
  quantization: v.optional(v.unknown()),
});
export const weightsManifest = v.array(v.object({ paths: v.array(v.string()), weights: v.array(entry) }));
type WeightsManifest = v.InferOutput<typeof weightsManifest>;

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** `files` by the paths of the manifest. A sentence where a file is missing, cut short or too long, or not float32. */
export function readWeights(
  manifest: WeightsManifest,
  files: ReadonlyMap<string, Uint8Array>,
): Result<readonly NamedTensor[], string> {
  const tensors: NamedTensor[] = [];
  for (const { paths, weights } of manifest) {
    const parts: Uint8Array[] = [];
    for (const path of paths) {
      const file = files.get(path);
      if (file === undefined) return fail(`The file ${path}, which model.json names, is missing.`);
      parts.push(file);
    }
    const unfit = weights.find(
      ({ dtype, quantization }) => dtype !== 'float32' || quantization !== undefined,
    );
    if (unfit !== undefined)
      return fail(`The weight "${unfit.name}" is not stored as float32; quantized models are not read.`);
    const expected = weights.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
    const bytes = concatBytes(...parts);
    if (bytes.length !== expected) return fail(wrongLength(paths, bytes.length, expected));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (const { name, shape } of weights) {
      const values = new Float32Array(sizeOf(shape));
      for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(at + 4 * i, true);
      if (!values.every(Number.isFinite))
        return fail(`The weight "${name}" holds a number that is not finite.`);
      at += 4 * values.length;
      tensors.push({ name, shape, values });
    }
  }
  return ok(tensors);
}

function wrongLength(paths: readonly string[], actual: number, expected: number): string {
  const why = actual < expected ? 'the file was cut short' : 'it is another model’s';
  return `${paths.join(', ')}: ${actual} bytes instead of the ${expected} that model.json lists; ${why}.`;
}
