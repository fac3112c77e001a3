/**
 * Gradient of max pooling, [images, height, width, channels]. A window's gradient goes to the first of its
 * greatest values, rows first, as tfjs's cpu backend has it. Addresses in bytes.
 */

/**
 * dx = gradient of y = maxPool(x) at dy; x and dx [images, height, width, channels], y and dy [images,
 * outHeight, outWidth, channels]. Overwrites dx.
 */
export function maxPoolGradient(
  x: usize, y: usize, dy: usize, dx: usize, images: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, windowHeight: i32, windowWidth: i32,
  strideHeight: i32, strideWidth: i32, top: i32, left: i32,
): void {
  memory.fill(dx, 0, <usize>(images * height * width * channels) * 4);
  const pixel = <usize>channels * 4;
  for (let image = 0; image < images; image++)
    for (let oh = 0; oh < outHeight; oh++) {
      const firstRow = oh * strideHeight - top;
      const startRow = max(firstRow, 0), endRow = min(firstRow + windowHeight, height);
      for (let ow = 0; ow < outWidth; ow++) {
        const firstColumn = ow * strideWidth - left;
        const startColumn = max(firstColumn, 0), endColumn = min(firstColumn + windowWidth, width);
        const corner = <usize>((image * height + startRow) * width + startColumn) * pixel;
        routeWindow(
          x + corner, dx + corner, y, dy, channels,
          endRow - startRow, endColumn - startColumn, <usize>width * pixel, pixel,
        );
        y += pixel;
        dy += pixel;
      }
    }
}

/** One window, clipped to the image: [rows, columns] pixels, `rowStride` and `pixel` bytes apart. */
function routeWindow(
  x: usize, dx: usize, y: usize, dy: usize, channels: i32,
  rows: i32, columns: i32, rowStride: usize, pixel: usize,
): void {
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const greatest = v128.load(y), gradient = v128.load(dy);
    let open = i32x4.splat(-1);
    for (let row = 0; row < rows; row++) {
      let at = <usize>row * rowStride;
      for (let column = 0; column < columns; column++) {
        const here = v128.and(f32x4.eq(v128.load(x + at), greatest), open);
        open = v128.andnot(open, here);
        v128.store(dx + at, f32x4.add(v128.load(dx + at), v128.and(gradient, here)));
        at += pixel;
      }
    }
    x += 16; dx += 16; y += 16; dy += 16;
  }
  for (; channel < channels; channel++) {
    routeOne(x, dx, load<f32>(y), load<f32>(dy), rows, columns, rowStride, pixel);
    x += 4; dx += 4; y += 4; dy += 4;
  }
}

/** `routeWindow` for one channel. */
function routeOne(
  x: usize, dx: usize, greatest: f32, gradient: f32, rows: i32, columns: i32, rowStride: usize, pixel: usize,
): void {
  for (let row = 0; row < rows; row++) {
    let at = <usize>row * rowStride;
    for (let column = 0; column < columns; column++) {
      if (load<f32>(x + at) == greatest) {
        store<f32>(dx + at, load<f32>(dx + at) + gradient);
        return;
      }
      at += pixel;
    }
  }
}
