/**
 * The weights of a TF.js model: a manifest that names tensors, and files that hold their numbers one after another,
 * little-endian float32, or fewer bits a number (the converter's `--quantize_*`), which become float32 here.
 */
import * as v from 'valibot';
import { concatBytes } from '../../base/bytes.ts';
import { unreachable } from '../../base/invariant.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { sizeOf } from '../shapes.ts';

/** d of a model that is read: with all that goes beside it in a round it stays within MAX_VECTOR_WORDS. */
export const MAX_IMPORTED_PARAMETERS = 8_388_608;

const number = v.pipe(v.number(), v.finite());
/** A number is stored as q and read as scale · q + min; of float16 it is stored as it is. */
const quantization = v.variant(
  'dtype',
  [
    v.object({ dtype: v.picklist(['uint8', 'uint16']), scale: number, min: number }),
    v.object({ dtype: v.literal('float16') }),
  ],
  'weights are quantized to uint8, uint16 or float16',
);
type Quantization = v.InferOutput<typeof quantization>;

const entry = v.object({
  name: v.string(),
  shape: v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  dtype: v.string(),
  quantization: v.optional(quantization),
  /** `optimizer` is what it was trained with on the way, which a run begins without. */
  group: v.optional(v.string()),
});
type Entry = v.InferOutput<typeof entry>;

export const weightsManifest = v.array(v.object({ paths: v.array(v.string()), weights: v.array(entry) }));
export type WeightsManifest = v.InferOutput<typeof weightsManifest>;

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * The tensors of the layers; `files` by the paths of the manifest. A sentence where a file is missing, cut short or too long, or where a number
 * is no real one.
 */
export function readWeights(
  manifest: WeightsManifest,
  files: ReadonlyMap<string, Uint8Array>,
): Result<readonly NamedTensor[], string> {
  const entries = manifest.flatMap(({ weights }) => weights);
  const count = entries.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (count > MAX_IMPORTED_PARAMETERS)
    return fail(`${tooMany(count)}${entries.some(isOptimizers) ? ' Or save it without its optimizer.' : ''}`);
  const tensors: NamedTensor[] = [];
  for (const { paths, weights } of manifest) {
    const parts: Uint8Array[] = [];
    for (const path of paths) {
      const file = files.get(path);
      if (file === undefined)
        return fail(
          `The file ${path}, which model.json names, is missing. Choose it together with model.json.`,
        );
      parts.push(file);
    }
    const unfit = weights.find(
      (weight) => weight.dtype !== 'float32' && !(isOptimizers(weight) && weight.dtype === 'int32'),
    );
    if (unfit !== undefined)
      return fail(
        `The weight "${unfit.name}" is of ${unfit.dtype}; weights are float32 here, stored so or quantized.`,
      );
    const expected = weights.reduce((sum, weight) => sum + bytesOf(weight), 0);
    // Before anything is put together: a manifest may name one file a thousand times.
    const actual = parts.reduce((sum, { length }) => sum + length, 0);
    if (actual !== expected) return fail(wrongLength(paths, actual, expected));
    const bytes = concatBytes(...parts);
    let at = 0;
    for (const weight of weights) {
      const end = at + bytesOf(weight);
      if (isOptimizers(weight)) {
        at = end;
        continue;
      }
      const values = valuesOf(bytes.slice(at, end), weight.quantization);
      if (!values.every(Number.isFinite))
        return fail(
          `The weight "${weight.name}" holds a number that is not finite. Train the model anew, or start from fresh weights.`,
        );
      at = end;
      tensors.push({ name: weight.name, shape: weight.shape, values });
    }
  }
  return ok(tensors);
}

export const tooMany = (count: number): string =>
  `The model has ${count.toLocaleString('en')} parameters, more than the ${MAX_IMPORTED_PARAMETERS.toLocaleString('en')} that a run can train. Make its layers smaller.`;

const isOptimizers = ({ group }: Entry): boolean => group === 'optimizer';

const BYTES = { uint8: 1, uint16: 2, float16: 2, float32: 4 } as const;

const bytesOf = ({ shape, quantization: stored }: Entry): number =>
  BYTES[stored?.dtype ?? 'float32'] * sizeOf(shape);

/** `bytes` is a copy of one tensor's, from its own buffer's beginning. */
function valuesOf(bytes: Uint8Array<ArrayBuffer>, stored: Quantization | undefined): Float32Array {
  if (stored === undefined) return new Float32Array(bytes.buffer);
  switch (stored.dtype) {
    case 'uint8':
      return Float32Array.from(bytes, (q) => stored.scale * q + stored.min);
    case 'uint16':
      return Float32Array.from(new Uint16Array(bytes.buffer), (q) => stored.scale * q + stored.min);
    case 'float16':
      return Float32Array.from(new Uint16Array(bytes.buffer), numberOfHalf);
    default:
      return unreachable(stored);
  }
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function numberOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function wrongLength(paths: readonly string[], actual: number, expected: number): string {
  const why =
    actual < expected
      ? 'the file was cut short; copy it once more'
      : 'it is another model’s; choose the files that were saved together';
  return `${paths.join(', ')}: ${actual} bytes instead of the ${expected} that model.json lists; ${why}.`;
}
