/**
 * Convolutions [images, height, width, channels] by [filterHeight, filterWidth, in, out], without dilation. The
 * image is padded first (`spread`); then the patch of an output pixel is `filterHeight` runs of
 * filterWidth · in neighbouring floats, and no patch is ever copied. Addresses in bytes, counts in floats.
 */
import { columnsOf, packRows, packTransposed } from './pack';
import { COLUMNS, PACKED_ROW, fourColumnsAt, fourRows, oneColumnAt, oneRow } from './tile';

/** Pixels whose output stays near while every panel of the filter passes by. */
const PIXEL_BLOCK: usize = 64;
/** Pixels summed in registers before a filter's gradient is touched. */
const GRADIENT_BLOCK: usize = 128;

/**
 * x [images, height, width, channels] into a zeroed [images, toHeight, toWidth, channels]: pixel (h, w) goes to
 * (top + h · strideHeight, left + w · strideWidth), and nowhere where that lies outside.
 */
export function spread(
  x: usize, images: usize, height: i32, width: i32, channels: usize,
  to: usize, toHeight: i32, toWidth: i32, top: i32, left: i32, strideHeight: i32, strideWidth: i32,
): void {
  const pixel = channels * 4;
  memory.fill(to, 0, images * <usize>toHeight * <usize>toWidth * pixel);
  for (let image: usize = 0; image < images; image++) {
    for (let h = 0; h < height; h++) {
      const toRow = top + h * strideHeight;
      if (toRow < 0 || toRow >= toHeight) continue;
      const from = x + (image * <usize>height + <usize>h) * <usize>width * pixel;
      const row = to + (image * <usize>toHeight + <usize>toRow) * <usize>toWidth * pixel;
      if (strideWidth == 1) {
        const firstColumn = max(0, -left);
        const end = min(width, toWidth - left);
        if (firstColumn < end)
          memory.copy(row + <usize>(left + firstColumn) * pixel, from + <usize>firstColumn * pixel, <usize>(end - firstColumn) * pixel);
        continue;
      }
      for (let w = 0; w < width; w++) {
        const toColumn = left + w * strideWidth;
        if (toColumn < 0 || toColumn >= toWidth) continue;
        memory.copy(row + <usize>toColumn * pixel, from + <usize>w * pixel, pixel);
      }
    }
  }
}

/** Byte offsets (u32, [images · outHeight · outWidth]) of the patches' first values in the padded image. */
export function patchOffsets(
  to: usize, images: usize, height: usize, width: usize, channels: usize,
  outHeight: usize, outWidth: usize, strideHeight: usize, strideWidth: usize,
): void {
  for (let image: usize = 0; image < images; image++)
    for (let h: usize = 0; h < outHeight; h++) {
      let offset = (image * height + h * strideHeight) * width * channels * 4;
      for (let w: usize = 0; w < outWidth; w++) {
        store<u32>(to, <u32>offset);
        to += 4;
        offset += strideWidth * channels * 4;
      }
    }
}

/** Bytes of a packed filter of k = filterHeight · filterWidth · in and `outs` output channels. */
export function packedFilterBytes(k: usize, outs: usize): usize {
  return ((outs + COLUMNS - 1) / COLUMNS) * k * PACKED_ROW;
}

/** The filter [k, outs] as it is. */
export function packFilter(filter: usize, k: usize, outs: usize, to: usize): void {
  for (let column: usize = 0; column < outs; column += COLUMNS) {
    packRows(filter + column * 4, outs * 4, k, columnsOf(outs - column), to);
    to += k * PACKED_ROW;
  }
}

/** The filter [taps, ins, outs] turned by 180° with channels swapped: [taps reversed, outs, ins]. */
export function packTurnedFilter(filter: usize, taps: usize, ins: usize, outs: usize, to: usize): void {
  for (let column: usize = 0; column < ins; column += COLUMNS)
    for (let tap: usize = 0; tap < taps; tap++) {
      const from = filter + (((taps - 1 - tap) * ins + column) * outs) * 4;
      packTransposed(from, outs * 4, outs, columnsOf(ins - column), to);
      to += outs * PACKED_ROW;
    }
}

/**
 * y [pixels, outs] of a padded image by a packed filter; a patch is `runs` stretches of `length` floats,
 * `runStride` apart, the first at x + its offset.
 */
export function convolve(
  x: usize, offsets: usize, pixels: usize, runs: usize, length: usize, runStride: usize,
  packedFilter: usize, y: usize, outs: usize,
): void {
  const panelBytes = runs * length * PACKED_ROW;
  for (let first: usize = 0; first < pixels; first += PIXEL_BLOCK) {
    const end = min(first + PIXEL_BLOCK, pixels);
    let panel = packedFilter;
    for (let column: usize = 0; column < outs; column += COLUMNS) {
      const columns = columnsOf(outs - column);
      let pixel = first;
      for (; pixel + 4 <= end; pixel += 4) {
        const at = offsets + pixel * 4;
        fourRows(
          x + load<u32>(at), x + load<u32>(at, 4), x + load<u32>(at, 8), x + load<u32>(at, 12),
          runs, length, runStride, panel, y + (pixel * outs + column) * 4, outs * 4, columns,
        );
      }
      for (; pixel < end; pixel++)
        oneRow(
          x + load<u32>(offsets + pixel * 4), runs, length, runStride,
          panel, y + (pixel * outs + column) * 4, columns,
        );
      panel += panelBytes;
    }
  }
}

/** Bytes of scratch that `filterGradient` needs. */
export function filterGradientScratch(outs: usize): usize {
  return packedFilterBytes(GRADIENT_BLOCK, outs);
}

/**
 * gradient [runs, length, outs] = Σ over pixels of patch ⊗ dy [pixels, outs]; patches as in `convolve`.
 * Overwrites gradient and `scratch`.
 */
export function filterGradient(
  x: usize, offsets: usize, pixels: usize, runs: usize, length: usize, runStride: usize,
  dy: usize, gradient: usize, outs: usize, scratch: usize,
): void {
  memory.fill(gradient, 0, runs * length * outs * 4);
  for (let first: usize = 0; first < pixels; first += GRADIENT_BLOCK) {
    const count = min(GRADIENT_BLOCK, pixels - first);
    packFilter(dy + first * outs * 4, count, outs, scratch);
    for (let run: usize = 0; run < runs; run++)
      addRunGradient(
        x + run * runStride, offsets + first * 4, count, length,
        scratch, gradient + run * length * outs * 4, outs,
      );
  }
}

/** One run's share of a block: gradient [length, outs] += patches' runsᵀ · packed dy. */
function addRunGradient(
  x: usize, offsets: usize, count: usize, length: usize, packed: usize, gradient: usize, outs: usize,
): void {
  let row: usize = 0;
  for (; row + 4 <= length; row += 4) {
    let panel = packed;
    for (let column: usize = 0; column < outs; column += COLUMNS) {
      const to = gradient + (row * outs + column) * 4;
      fourColumnsAt(x + row * 4, offsets, count, panel, to, outs * 4, columnsOf(outs - column));
      panel += count * PACKED_ROW;
    }
  }
  for (; row < length; row++) {
    let panel = packed;
    for (let column: usize = 0; column < outs; column += COLUMNS) {
      oneColumnAt(x + row * 4, offsets, count, panel, gradient + (row * outs + column) * 4, columnsOf(outs - column));
      panel += count * PACKED_ROW;
    }
  }
}
