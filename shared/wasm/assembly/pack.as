/**
 * Packing of B for the tiles: k rows of eight neighbouring columns, zeros where the matrix has fewer. Addresses
 * and strides are in bytes, counts in floats.
 */
import { COLUMNS, PACKED_ROW } from './tile';

/** Columns of a panel that begins `left` columns before the matrix ends. */
@inline
export function columnsOf(left: usize): usize {
  return left < COLUMNS ? left : COLUMNS;
}

/** [k][columns] of a row-major matrix, `stride` from row to row. */
export function packRows(source: usize, stride: usize, k: usize, columns: usize, to: usize): void {
  if (columns == COLUMNS) {
    for (; k > 0; k--) {
      v128.store(to, v128.load(source));
      v128.store(to, v128.load(source, 16), 16);
      source += stride;
      to += PACKED_ROW;
    }
    return;
  }
  for (; k > 0; k--) {
    v128.store(to, f32x4.splat(0));
    v128.store(to, f32x4.splat(0), 16);
    for (let column: usize = 0; column < columns; column++)
      store<f32>(to + column * 4, load<f32>(source + column * 4));
    source += stride;
    to += PACKED_ROW;
  }
}

/** The same of a matrix that is stored transposed: `columns` stored rows of k floats, `stride` apart. */
export function packTransposed(source: usize, stride: usize, k: usize, columns: usize, to: usize): void {
  if (columns == COLUMNS) {
    packQuads(source, stride, k, to);
    packQuads(source + 4 * stride, stride, k, to + 16);
    return;
  }
  for (let row: usize = 0; row < k; row++) {
    v128.store(to, f32x4.splat(0));
    v128.store(to, f32x4.splat(0), 16);
    for (let column: usize = 0; column < columns; column++)
      store<f32>(to + column * 4, load<f32>(source + column * stride + row * 4));
    to += PACKED_ROW;
  }
}

/** Four stored rows to four packed columns, four by four. */
function packQuads(source: usize, stride: usize, k: usize, to: usize): void {
  let r0 = source, r1 = source + stride, r2 = source + 2 * stride, r3 = source + 3 * stride;
  for (; k >= 4; k -= 4) {
    const q0 = v128.load(r0), q1 = v128.load(r1), q2 = v128.load(r2), q3 = v128.load(r3);
    const low01 = v128.shuffle<f32>(q0, q1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(q0, q1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(q2, q3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(q2, q3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), PACKED_ROW);
    v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 2 * PACKED_ROW);
    v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 3 * PACKED_ROW);
    r0 += 16; r1 += 16; r2 += 16; r3 += 16;
    to += 4 * PACKED_ROW;
  }
  for (; k > 0; k--) {
    store<f32>(to, load<f32>(r0));
    store<f32>(to, load<f32>(r1), 4);
    store<f32>(to, load<f32>(r2), 8);
    store<f32>(to, load<f32>(r3), 12);
    r0 += 4; r1 += 4; r2 += 4; r3 += 4;
    to += PACKED_ROW;
  }
}
