/**
 * The inner products every dense kernel is made of: four rows (or one) of A times eight columns of B, sums in
 * registers. Each sum is one chain of multiply, then add, in order of k: no fused or relaxed instruction, so
 * the bits are the same on every machine. 4 × 8 leaves V8 registers to spare; larger tiles spill.
 *
 * B is packed: k rows of eight floats (`./pack`). Addresses and strides are in bytes.
 */

/** Columns of a tile. */
export const COLUMNS: usize = 8;
/** Bytes of one packed row of B. */
export const PACKED_ROW: usize = 32;

// @inline keeps the sums in registers of the caller's loop.
@inline
function multiplyAdd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

@inline
function storeQuad(c: usize, sums: v128, accumulate: bool): void {
  v128.store(c, accumulate ? f32x4.add(v128.load(c), sums) : sums);
}

@inline
function storeOne(c: usize, sum: f32, accumulate: bool): void {
  store<f32>(c, accumulate ? load<f32>(c) + sum : sum);
}

/** The first `columns` (1 to 8) of eight sums to c, or added to what is there. */
@inline
function storeRow(c: usize, low: v128, high: v128, columns: usize, accumulate: bool): void {
  if (columns == COLUMNS) {
    storeQuad(c, low, accumulate);
    storeQuad(c + 16, high, accumulate);
  } else {
    storePart(c, low, high, columns, accumulate);
  }
}

function storePart(c: usize, low: v128, high: v128, columns: usize, accumulate: bool): void {
  let rest = low;
  if (columns >= 4) {
    storeQuad(c, low, accumulate);
    rest = high;
    c += 16;
    columns -= 4;
  }
  if (columns > 0) storeOne(c, f32x4.extract_lane(rest, 0), accumulate);
  if (columns > 1) storeOne(c + 4, f32x4.extract_lane(rest, 1), accumulate);
  if (columns > 2) storeOne(c + 8, f32x4.extract_lane(rest, 2), accumulate);
}

/**
 * c[4][columns] = Σ over k of four rows whose values lie one after another: `runs` stretches of `length`
 * floats each, `runStride` bytes from start to start (a matrix row is one run; a patch of an image has one a
 * filter row).
 */
export function fourRows(
  a0: usize, a1: usize, a2: usize, a3: usize,
  runs: usize, length: usize, runStride: usize,
  b: usize, c: usize, cStride: usize, columns: usize,
): void {
  let l0 = f32x4.splat(0), h0 = f32x4.splat(0), l1 = f32x4.splat(0), h1 = f32x4.splat(0);
  let l2 = f32x4.splat(0), h2 = f32x4.splat(0), l3 = f32x4.splat(0), h3 = f32x4.splat(0);
  const jump = runStride - length * 4;
  for (; runs > 0; runs--) {
    let k = length;
    for (; k >= 2; k -= 2) {
      let low = v128.load(b), high = v128.load(b, 16);
      let x = v128.load_splat<f32>(a0);
      l0 = multiplyAdd(l0, x, low); h0 = multiplyAdd(h0, x, high);
      x = v128.load_splat<f32>(a1);
      l1 = multiplyAdd(l1, x, low); h1 = multiplyAdd(h1, x, high);
      x = v128.load_splat<f32>(a2);
      l2 = multiplyAdd(l2, x, low); h2 = multiplyAdd(h2, x, high);
      x = v128.load_splat<f32>(a3);
      l3 = multiplyAdd(l3, x, low); h3 = multiplyAdd(h3, x, high);
      low = v128.load(b, 32); high = v128.load(b, 48);
      x = v128.load_splat<f32>(a0, 4);
      l0 = multiplyAdd(l0, x, low); h0 = multiplyAdd(h0, x, high);
      x = v128.load_splat<f32>(a1, 4);
      l1 = multiplyAdd(l1, x, low); h1 = multiplyAdd(h1, x, high);
      x = v128.load_splat<f32>(a2, 4);
      l2 = multiplyAdd(l2, x, low); h2 = multiplyAdd(h2, x, high);
      x = v128.load_splat<f32>(a3, 4);
      l3 = multiplyAdd(l3, x, low); h3 = multiplyAdd(h3, x, high);
      a0 += 8; a1 += 8; a2 += 8; a3 += 8;
      b += 2 * PACKED_ROW;
    }
    if (k > 0) {
      const low = v128.load(b), high = v128.load(b, 16);
      let x = v128.load_splat<f32>(a0);
      l0 = multiplyAdd(l0, x, low); h0 = multiplyAdd(h0, x, high);
      x = v128.load_splat<f32>(a1);
      l1 = multiplyAdd(l1, x, low); h1 = multiplyAdd(h1, x, high);
      x = v128.load_splat<f32>(a2);
      l2 = multiplyAdd(l2, x, low); h2 = multiplyAdd(h2, x, high);
      x = v128.load_splat<f32>(a3);
      l3 = multiplyAdd(l3, x, low); h3 = multiplyAdd(h3, x, high);
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
      b += PACKED_ROW;
    }
    a0 += jump; a1 += jump; a2 += jump; a3 += jump;
  }
  storeRow(c, l0, h0, columns, false);
  storeRow(c + cStride, l1, h1, columns, false);
  storeRow(c + 2 * cStride, l2, h2, columns, false);
  storeRow(c + 3 * cStride, l3, h3, columns, false);
}

/** `fourRows` for one row. */
export function oneRow(
  a: usize, runs: usize, length: usize, runStride: usize, b: usize, c: usize, columns: usize,
): void {
  let low = f32x4.splat(0), high = f32x4.splat(0);
  const jump = runStride - length * 4;
  for (; runs > 0; runs--) {
    for (let k = length; k > 0; k--) {
      const x = v128.load_splat<f32>(a);
      low = multiplyAdd(low, x, v128.load(b));
      high = multiplyAdd(high, x, v128.load(b, 16));
      a += 4;
      b += PACKED_ROW;
    }
    a += jump;
  }
  storeRow(c, low, high, columns, false);
}

/**
 * c[4][columns] (+)= Σ over k of four neighbouring columns of A, which is A transposed: the k-th four values
 * lie at a + k · aStride.
 */
export function fourColumns(
  a: usize, aStride: usize, k: usize, b: usize, c: usize, cStride: usize, columns: usize,
): void {
  let l0 = f32x4.splat(0), h0 = f32x4.splat(0), l1 = f32x4.splat(0), h1 = f32x4.splat(0);
  let l2 = f32x4.splat(0), h2 = f32x4.splat(0), l3 = f32x4.splat(0), h3 = f32x4.splat(0);
  for (; k > 0; k--) {
    const low = v128.load(b), high = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    l0 = multiplyAdd(l0, x, low); h0 = multiplyAdd(h0, x, high);
    x = v128.load_splat<f32>(a, 4);
    l1 = multiplyAdd(l1, x, low); h1 = multiplyAdd(h1, x, high);
    x = v128.load_splat<f32>(a, 8);
    l2 = multiplyAdd(l2, x, low); h2 = multiplyAdd(h2, x, high);
    x = v128.load_splat<f32>(a, 12);
    l3 = multiplyAdd(l3, x, low); h3 = multiplyAdd(h3, x, high);
    a += aStride;
    b += PACKED_ROW;
  }
  storeRow(c, l0, h0, columns, false);
  storeRow(c + cStride, l1, h1, columns, false);
  storeRow(c + 2 * cStride, l2, h2, columns, false);
  storeRow(c + 3 * cStride, l3, h3, columns, false);
}

/** `fourColumns` for one column. */
export function oneColumn(a: usize, aStride: usize, k: usize, b: usize, c: usize, columns: usize): void {
  let low = f32x4.splat(0), high = f32x4.splat(0);
  for (; k > 0; k--) {
    const x = v128.load_splat<f32>(a);
    low = multiplyAdd(low, x, v128.load(b));
    high = multiplyAdd(high, x, v128.load(b, 16));
    a += aStride;
    b += PACKED_ROW;
  }
  storeRow(c, low, high, columns, false);
}

/** `fourColumns` with the k-th four values at a + the k-th u32 of `offsets`, added to c. */
export function fourColumnsAt(
  a: usize, offsets: usize, k: usize, b: usize, c: usize, cStride: usize, columns: usize,
): void {
  let l0 = f32x4.splat(0), h0 = f32x4.splat(0), l1 = f32x4.splat(0), h1 = f32x4.splat(0);
  let l2 = f32x4.splat(0), h2 = f32x4.splat(0), l3 = f32x4.splat(0), h3 = f32x4.splat(0);
  for (; k > 0; k--) {
    const at = a + load<u32>(offsets);
    const low = v128.load(b), high = v128.load(b, 16);
    let x = v128.load_splat<f32>(at);
    l0 = multiplyAdd(l0, x, low); h0 = multiplyAdd(h0, x, high);
    x = v128.load_splat<f32>(at, 4);
    l1 = multiplyAdd(l1, x, low); h1 = multiplyAdd(h1, x, high);
    x = v128.load_splat<f32>(at, 8);
    l2 = multiplyAdd(l2, x, low); h2 = multiplyAdd(h2, x, high);
    x = v128.load_splat<f32>(at, 12);
    l3 = multiplyAdd(l3, x, low); h3 = multiplyAdd(h3, x, high);
    offsets += 4;
    b += PACKED_ROW;
  }
  storeRow(c, l0, h0, columns, true);
  storeRow(c + cStride, l1, h1, columns, true);
  storeRow(c + 2 * cStride, l2, h2, columns, true);
  storeRow(c + 3 * cStride, l3, h3, columns, true);
}

/** `fourColumnsAt` for one column. */
export function oneColumnAt(a: usize, offsets: usize, k: usize, b: usize, c: usize, columns: usize): void {
  let low = f32x4.splat(0), high = f32x4.splat(0);
  for (; k > 0; k--) {
    const x = v128.load_splat<f32>(a + load<u32>(offsets));
    low = multiplyAdd(low, x, v128.load(b));
    high = multiplyAdd(high, x, v128.load(b, 16));
    offsets += 4;
    b += PACKED_ROW;
  }
  storeRow(c, low, high, columns, true);
}
