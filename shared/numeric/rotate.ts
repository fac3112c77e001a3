/**
 * The public rotation that spreads an update evenly over its lanes (Suresh et al., ICML 2017; Kairouz, Liu, Steinke
 * 2021, section 4): random signs, then the normalised Walsh–Hadamard transform. It keeps lengths and is undone exactly
 * but for rounding. In power-of-two blocks, so that padding stays small; each block is rotated by itself.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '../base/bytes.ts';
import { applyMasks } from '../crypto/mask.ts';

/** Share of the lanes that padding may add. */
const PADDING_SHARE = 1 / 16;

/**
 * Block lengths, powers of two from large to small, that hold `parameters` ≥ 0 lanes: the last block is filled up with
 * at most a sixteenth of the whole, or holds a single lane.
 */
export function rotationBlocks(parameters: number): number[] {
  const allowed = parameters * PADDING_SHARE;
  const blocks: number[] = [];
  for (let rest = parameters; rest > 0;) {
    const filled = 2 ** Math.ceil(Math.log2(rest));
    const block = filled - rest <= allowed ? filled : filled / 2;
    blocks.push(block);
    rest -= block;
  }
  return blocks;
}

/** Of `parameters` lanes, padded to their blocks. */
export const lengthAfterPadding = (parameters: number): number =>
  rotationBlocks(parameters).reduce((sum, block) => sum + block, 0);

/** Rotates `vector`, as long as its blocks together, in place by the signs that `sid` (32 bytes) gives. */
export function rotate(vector: Float32Array, blocks: readonly number[], sid: Uint8Array): void {
  requireLength(vector, blocks);
  flipSigns(vector, sid);
  transformBlocks(vector, blocks);
}

/** Undoes `rotate`. */
export function unrotate(vector: Float32Array, blocks: readonly number[], sid: Uint8Array): void {
  requireLength(vector, blocks);
  transformBlocks(vector, blocks);
  flipSigns(vector, sid);
}

function requireLength(vector: Float32Array, blocks: readonly number[]): void {
  const length = blocks.reduce((sum, block) => sum + block, 0);
  if (vector.length !== length) throw new RangeError(`vector: ${vector.length} lanes, not ${length}`);
}

/** Lane i changes its sign where bit i of the ChaCha20 stream under SHA-256("rotation" ‖ sid) is set. */
function flipSigns(vector: Float32Array, sid: Uint8Array): void {
  const signs = new Uint32Array(Math.ceil(vector.length / 32));
  applyMasks(signs, [{ seed: sha256(concatBytes(utf8ToBytes('rotation'), sid)), sign: 'add' }]);
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  for (let i = 0; i < bits.length; i++) {
    bits[i] = (bits[i] as number) ^ (((signs[i >>> 5] as number) >>> (i & 31)) << 31);
  }
}

function transformBlocks(vector: Float32Array, blocks: readonly number[]): void {
  let start = 0;
  for (const block of blocks) {
    transform(vector.subarray(start, start + block));
    start += block;
  }
}

/** Lanes of a stretch that stays in the processor's first cache. */
const STRETCH = 4_096;

/** The normalised Walsh–Hadamard transform, its own inverse, in place; a power of two long. */
function transform(vector: Float32Array): void {
  const length = vector.length;
  const stretch = Math.min(STRETCH, length);
  for (let start = 0; start < length; start += stretch) butterflies(vector, start, stretch, 1);
  if (length > stretch) butterflies(vector, 0, length, stretch);
  const factor = 1 / Math.sqrt(length);
  for (let i = 0; i < length; i++) vector[i] = (vector[i] as number) * factor;
}

/** Sums and differences over distances from `first` up to half of `length`, two distances at a time. */
function butterflies(vector: Float32Array, start: number, length: number, first: number): void {
  const end = start + length;
  let half = first;
  for (; 4 * half <= length; half *= 4) {
    for (let group = start; group < end; group += 4 * half) {
      for (let i = group; i < group + half; i++) {
        const [p, q, r] = [i + half, i + 2 * half, i + 3 * half];
        const a = vector[i] as number;
        const b = vector[p] as number;
        const c = vector[q] as number;
        const d = vector[r] as number;
        vector[i] = a + b + (c + d);
        vector[p] = a - b + (c - d);
        vector[q] = a + b - (c + d);
        vector[r] = a - b - (c - d);
      }
    }
  }
  if (2 * half > length) return;
  for (let group = start; group < end; group += 2 * half) {
    for (let i = group; i < group + half; i++) {
      const a = vector[i] as number;
      const b = vector[i + half] as number;
      vector[i] = a + b;
      vector[i + half] = a - b;
    }
  }
}
