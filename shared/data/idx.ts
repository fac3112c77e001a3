/**
 * IDX, the format of MNIST's files (LeCun): two zero bytes, a type byte (8 = unsigned bytes), the number of
 * dimensions, each dimension as a 32-bit big-endian integer, then the elements in row-major order.
 */
import { fail, ok, type Result } from '../base/result.ts';

export interface IdxArray {
  readonly shape: readonly number[];
  /** A view of the file's bytes. */
  readonly bytes: Uint8Array;
}

/** A sentence where the file is not an IDX file of unsigned bytes, or is cut short or too long. */
export function parseIdx(file: Uint8Array): Result<IdxArray, string> {
  if (file.length < 4 || file[0] !== 0 || file[1] !== 0)
    return fail('not an IDX file: it does not begin with two zero bytes');
  if (file[2] !== 8) return fail(`element type ${file[2]} is not supported; only unsigned bytes (8) are`);
  const rank = file[3] as number;
  const header = 4 + 4 * rank;
  if (rank < 1 || file.length < header) return fail('the IDX header is cut short');
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i, false));
  const size = shape.reduce((product, length) => product * length, 1);
  if (file.length !== header + size)
    return fail(
      `the IDX header promises ${size} elements (${shape.join(' × ')}), the file holds ${file.length - header}`,
    );
  return ok({ shape, bytes: file.subarray(header) });
}
