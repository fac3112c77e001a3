/**
 * Vectors of W-bit lanes as bytes: lane i is bits i·W to (i+1)·W − 1, counted from the lowest bit of the first
 * byte; the bits after the last lane are zero. Eight lanes are W bytes, so a vector may be cut at every eighth.
 */
import { fail, ok, type Result } from '../base/result.ts';

/** Below 8 bits, the padding of one byte could hide a lane. */
const MIN_LANE_BITS = 8;
const MAX_LANE_BITS = 32;
/** Lanes that end where a byte ends, whatever W. */
const LANES_PER_CUT = 8;
const ALL_BITS = 0xffff_ffff;
/** Bytes that hold a lane of up to 32 bits wherever in a byte it begins. */
const LANE_READ_BYTES = 5;

/** What a peer's bytes can do wrong; the sum they were meant for is as it was. */
export interface PackFault {
  readonly code: 'packed-length' | 'packed-padding';
}

/** Bytes of `lanes` lanes of `bits` bits: ⌈lanes · bits / 8⌉. */
export function packedBytes(lanes: number, bits: number): number {
  if (!Number.isInteger(bits) || bits < MIN_LANE_BITS || bits > MAX_LANE_BITS)
    throw new RangeError(`bits: ${bits}`);
  return Math.ceil((lanes * bits) / 8);
}

/** Packs `words` modulo 2^bits into `output` (packedBytes(words.length, bits)), which it overwrites and returns. */
export function packLanes(
  words: Uint32Array,
  bits: number,
  output: Uint8Array<ArrayBuffer> = new Uint8Array(packedBytes(words.length, bits)),
): Uint8Array<ArrayBuffer> {
  if (output.length !== packedBytes(words.length, bits))
    throw new RangeError(`output: ${output.length} bytes for ${words.length} lanes of ${bits} bits`);
  const view = new DataView(output.buffer, output.byteOffset, output.length);
  const mask = (ALL_BITS >>> (32 - bits)) | 0;
  // `pending` holds `filled` < 32 bits that are not written yet.
  let pending = 0;
  let filled = 0;
  let at = 0;
  for (let i = 0; i < words.length; i++) {
    const lane = (words[i] as number) & mask;
    pending |= lane << filled;
    filled += bits;
    if (filled < 32) continue;
    view.setUint32(at, pending, true);
    at += 4;
    filled -= 32;
    // A shift by 32 would be one by 0.
    pending = filled === 0 ? 0 : (lane >>> (bits - filled)) | 0;
  }
  for (; filled > 0; filled -= 8, at++, pending >>>= 8) view.setUint8(at, pending & 0xff);
  return output;
}

/** The `lanes` lanes that `packed` holds, each below 2^bits. */
export function unpackLanes(
  packed: Uint8Array,
  bits: number,
  lanes: number,
): Result<Uint32Array<ArrayBuffer>, PackFault> {
  if (packed.length !== packedBytes(lanes, bits)) return fail({ code: 'packed-length' });
  const words = new Uint32Array(lanes);
  const added = addPacked(words, packed, bits, 0);
  return added.ok ? ok(words) : added;
}

/**
 * Adds a stretch of packed lanes to sum[firstLane …] modulo 2^32 in place: so many lanes as the bytes hold.
 * Only the sum's low `bits` bits mean anything in the end. `firstLane` is a multiple of 8. A stretch that ends
 * before the sum does holds a multiple of 8 lanes.
 */
export function addPacked(
  sum: Uint32Array,
  packed: Uint8Array,
  bits: number,
  firstLane: number,
): Result<null, PackFault> {
  if (firstLane % LANES_PER_CUT !== 0 || firstLane < 0 || firstLane > sum.length)
    throw new RangeError(`firstLane: ${firstLane}`);
  const count = Math.floor((packed.length * 8) / bits);
  const end = firstLane + count;
  if (packed.length !== packedBytes(count, bits) || end > sum.length) return fail({ code: 'packed-length' });
  if (end < sum.length && count % LANES_PER_CUT !== 0) return fail({ code: 'packed-length' });
  const paddingBits = packed.length * 8 - count * bits;
  if ((packed.at(-1) ?? 0) >>> (8 - paddingBits) !== 0) return fail({ code: 'packed-padding' });
  addLanes(sum.subarray(firstLane, end), packed, bits);
  return ok(null);
}

/** sum[i] += the i-th packed lane; `packed` holds them all. */
function addLanes(sum: Uint32Array, packed: Uint8Array, bits: number): void {
  // Words as signed numbers: V8 computes with unsigned ones above 2^31 as with fractions, at half the speed.
  const words = new Int32Array(sum.buffer, sum.byteOffset, sum.length);
  // A lane is read as five bytes; the last few are read from a copy that has them.
  const cuts = Math.max(0, Math.floor((packed.length - LANE_READ_BYTES) / bits));
  addReadable(words.subarray(0, cuts * LANES_PER_CUT), packed, bits);
  const rest = packed.subarray(cuts * bits);
  const padded = new Uint8Array(rest.length + LANE_READ_BYTES);
  padded.set(rest);
  addReadable(words.subarray(cuts * LANES_PER_CUT), padded, bits);
}

/** words[i] += the i-th packed lane; `packed` reaches LANE_READ_BYTES from where the last lane begins. */
function addReadable(words: Int32Array, packed: Uint8Array, bits: number): void {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const mask = (ALL_BITS >>> (32 - bits)) | 0;
  const cutBits = LANES_PER_CUT * bits;
  let i = 0;
  for (let cut = 0; i < words.length; cut += bits)
    for (let bit = 0; bit < cutBits && i < words.length; bit += bits, i++) {
      const at = cut + (bit >>> 3);
      const shift = bit & 7;
      // In two shifts, since one by 32 would be one by 0.
      const high = (view.getUint8(at + 4) << 1) << (31 - shift);
      const lane = ((view.getInt32(at, true) >>> shift) | high) & mask;
      words[i] = ((words[i] as number) + lane) | 0;
    }
}
