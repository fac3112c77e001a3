/**
 * What the bytes of an example's inputs say, and the numbers they become.
 *
 * | encoding   | bytes                                | numbers                                        |
 * | ---------- | ------------------------------------ | ---------------------------------------------- |
 * | `pixels`   | one an input                         | byte / 255, 0..1                               |
 * | `float32`  | four an input, little-endian         | as they are                                    |
 * | `indices`  | one an input                         | the byte itself, an index (of a character)     |
 * | `presence` | one a group of eight inputs, bit 0 first | 1/√k where the bit is set, of k set bits in all; 0 elsewhere |
 *
 * Rows of `presence` have the Euclidean norm 1 (none where no bit is set), so that a long mail weighs no more
 * than a short one.
 */
export const INPUT_ENCODINGS = ['pixels', 'float32', 'indices', 'presence'] as const;
export type InputEncoding = (typeof INPUT_ENCODINGS)[number];

/** Whether a row of `inputBytes` bytes can be of this encoding. */
export const fitsEncoding = (encoding: InputEncoding, inputBytes: number): boolean =>
  encoding !== 'float32' || inputBytes % 4 === 0;

/** How many numbers a row of `inputBytes` bytes becomes. */
export function inputsPerExample(encoding: InputEncoding, inputBytes: number): number {
  switch (encoding) {
    case 'pixels':
    case 'indices':
      return inputBytes;
    case 'float32':
      return inputBytes / 4;
    case 'presence':
      return inputBytes * 8;
  }
}

/**
 * `bytes` holds whole rows of `inputBytes` bytes each; the numbers are written row after row to the front of
 * `target`, which has room for them.
 */
export function decodeInputs(
  encoding: InputEncoding,
  bytes: Uint8Array,
  inputBytes: number,
  target: Float32Array,
): void {
  switch (encoding) {
    case 'pixels':
      for (let i = 0; i < bytes.length; i++) target[i] = (bytes[i] as number) / 255;
      return;
    case 'indices':
      target.set(bytes);
      return;
    case 'float32': {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let i = 0; i < bytes.length / 4; i++) target[i] = view.getFloat32(4 * i, true);
      return;
    }
    case 'presence':
      for (let at = 0; at < bytes.length; at += inputBytes)
        decodePresence(bytes.subarray(at, at + inputBytes), target.subarray(at * 8, (at + inputBytes) * 8));
  }
}

function decodePresence(row: Uint8Array, target: Float32Array): void {
  const set: number[] = [];
  for (let i = 0; i < row.length * 8; i++) if ((((row[i >> 3] as number) >> (i & 7)) & 1) === 1) set.push(i);
  target.fill(0);
  for (const index of set) target[index] = 1 / Math.sqrt(set.length);
}

/** Sets the bits of the given inputs (each below `inputBytes` · 8) in a fresh row. */
export function encodePresence(present: Iterable<number>, inputBytes: number): Uint8Array {
  const row = new Uint8Array(inputBytes);
  for (const index of present) row[index >> 3] = (row[index >> 3] as number) | (1 << (index & 7));
  return row;
}
