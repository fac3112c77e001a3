/** Dense products. Addresses in bytes, counts in floats; all matrices row-major and without gaps. */
import { columnsOf, packRows, packTransposed } from './pack';
import { COLUMNS, PACKED_ROW, fourColumns, fourRows, oneColumn, oneRow } from './tile';

/**
 * B is packed in groups of panels of about this size, so that a group stays in the second-level cache; of four
 * panels at least, so that whole cache lines of B are read.
 */
const GROUP_BYTES: usize = 1 << 17;
/** So many bytes of A's rows are multiplied by one group before the next rows. */
const BLOCK_BYTES: usize = 1 << 17;

@inline
function panelsOf(n: usize): usize {
  return (n + COLUMNS - 1) / COLUMNS;
}

@inline
function panelsPerGroup(n: usize, k: usize): usize {
  const fitting = GROUP_BYTES / (k * PACKED_ROW + 1);
  return min(panelsOf(n), max(fitting, 4));
}

/** Bytes of scratch that `matMul` needs. */
export function matMulScratch(n: usize, k: usize): usize {
  return panelsPerGroup(n, k) * k * PACKED_ROW;
}

/**
 * c[m, n] = op(a)[m, k] · op(b)[k, n]; a is stored [k, m] where `transposeA`, b [n, k] where `transposeB`.
 * Overwrites c and `scratch`.
 */
export function matMul(
  a: usize, transposeA: bool, b: usize, transposeB: bool, c: usize,
  m: usize, n: usize, k: usize, scratch: usize,
): void {
  const group = panelsPerGroup(n, k) * COLUMNS;
  const block = max(BLOCK_BYTES / (k * 4 + 1), 4) & ~3;
  for (let first: usize = 0; first < n; first += group) {
    const end = min(first + group, n);
    for (let column = first; column < end; column += COLUMNS) {
      const to = scratch + (column - first) * k * 4;
      const columns = columnsOf(n - column);
      if (transposeB) packTransposed(b + column * k * 4, k * 4, k, columns, to);
      else packRows(b + column * 4, n * 4, k, columns, to);
    }
    for (let row: usize = 0; row < m; row += block) {
      const rows = min(block, m - row);
      for (let column = first; column < end; column += COLUMNS) {
        const packed = scratch + (column - first) * k * 4;
        const to = c + (row * n + column) * 4;
        const columns = columnsOf(n - column);
        if (transposeA) stripOfColumns(a + row * 4, m * 4, k, rows, packed, to, n * 4, columns);
        else stripOfRows(a + row * k * 4, k, rows, packed, to, n * 4, columns);
      }
    }
  }
}

/** c[rows][columns] of one panel, A's rows stored as rows. */
function stripOfRows(
  a: usize, k: usize, rows: usize, packed: usize, c: usize, cStride: usize, columns: usize,
): void {
  const aStride = k * 4;
  for (; rows >= 4; rows -= 4) {
    fourRows(a, a + aStride, a + 2 * aStride, a + 3 * aStride, 1, k, 0, packed, c, cStride, columns);
    a += 4 * aStride;
    c += 4 * cStride;
  }
  for (; rows > 0; rows--) {
    oneRow(a, 1, k, 0, packed, c, columns);
    a += aStride;
    c += cStride;
  }
}

/** c[rows][columns] of one panel, A's rows stored as columns. */
function stripOfColumns(
  a: usize, aStride: usize, k: usize, rows: usize, packed: usize, c: usize, cStride: usize, columns: usize,
): void {
  for (; rows >= 4; rows -= 4) {
    fourColumns(a, aStride, k, packed, c, cStride, columns);
    a += 16;
    c += 4 * cStride;
  }
  for (; rows > 0; rows--) {
    oneColumn(a, aStride, k, packed, c, columns);
    a += 4;
    c += cStride;
  }
}
