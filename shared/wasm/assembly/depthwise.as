/**
 * Gradients of the depthwise convolution: x [images, height, width, ins], filter [filterHeight, filterWidth,
 * ins, multiplier], dy [images, outHeight, outWidth, ins · multiplier]; any stride, dilation and padding.
 * The sizes come as one record of i32 in memory, in the order of `Sizes`. Addresses in bytes.
 */

/** Laid out as the twenty i32 the caller writes. */
@unmanaged
class Sizes {
  images: i32;
  height: i32;
  width: i32;
  ins: i32;
  multiplier: i32;
  outHeight: i32;
  outWidth: i32;
  filterHeight: i32;
  filterWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  top: i32;
  left: i32;
}

/** dx = Σ over taps of filter · dy. Overwrites dx. */
export function depthwiseInputGradient(dy: usize, filter: usize, dx: usize, sizes: Sizes): void {
  memory.fill(dx, 0, <usize>(sizes.images * sizes.height * sizes.width * sizes.ins) * 4);
  overTaps(sizes, dx, filter, dy, true);
}

/** gradient = Σ over pixels of x · dy. Overwrites gradient. */
export function depthwiseFilterGradient(x: usize, dy: usize, gradient: usize, sizes: Sizes): void {
  const taps = sizes.filterHeight * sizes.filterWidth;
  memory.fill(gradient, 0, <usize>(taps * sizes.ins * sizes.multiplier) * 4);
  overTaps(sizes, x, gradient, dy, false);
}

/** Every output pixel with every tap that falls inside the image: `image` or `filter` is added to. */
function overTaps(sizes: Sizes, image: usize, filter: usize, dy: usize, toInput: bool): void {
  const outs = sizes.ins * sizes.multiplier;
  for (let i = 0; i < sizes.images; i++)
    for (let oh = 0; oh < sizes.outHeight; oh++)
      for (let ow = 0; ow < sizes.outWidth; ow++) {
        for (let fh = 0; fh < sizes.filterHeight; fh++) {
          const h = oh * sizes.strideHeight - sizes.top + fh * sizes.dilationHeight;
          if (h < 0 || h >= sizes.height) continue;
          for (let fw = 0; fw < sizes.filterWidth; fw++) {
            const w = ow * sizes.strideWidth - sizes.left + fw * sizes.dilationWidth;
            if (w < 0 || w >= sizes.width) continue;
            const pixel = image + <usize>(((i * sizes.height + h) * sizes.width + w) * sizes.ins) * 4;
            const tap = filter + <usize>((fh * sizes.filterWidth + fw) * outs) * 4;
            if (toInput) addToInput(pixel, tap, dy, sizes.ins, sizes.multiplier);
            else addToFilter(pixel, tap, dy, sizes.ins, sizes.multiplier);
          }
        }
        dy += <usize>outs * 4;
      }
}

/** dx[c] += Σ over q of filter[c, q] · dy[c, q]. */
function addToInput(dx: usize, filter: usize, dy: usize, ins: i32, multiplier: i32): void {
  let channel = 0;
  if (multiplier == 1)
    for (; channel + 4 <= ins; channel += 4) {
      v128.store(dx, f32x4.add(v128.load(dx), f32x4.mul(v128.load(filter), v128.load(dy))));
      dx += 16; filter += 16; dy += 16;
    }
  for (; channel < ins; channel++) {
    let sum = load<f32>(dx);
    for (let q = 0; q < multiplier; q++) {
      sum += load<f32>(filter) * load<f32>(dy);
      filter += 4; dy += 4;
    }
    store<f32>(dx, sum);
    dx += 4;
  }
}

/** gradient[c, q] += x[c] · dy[c, q]. */
function addToFilter(x: usize, gradient: usize, dy: usize, ins: i32, multiplier: i32): void {
  let channel = 0;
  if (multiplier == 1)
    for (; channel + 4 <= ins; channel += 4) {
      v128.store(gradient, f32x4.add(v128.load(gradient), f32x4.mul(v128.load(x), v128.load(dy))));
      x += 16; gradient += 16; dy += 16;
    }
  for (; channel < ins; channel++) {
    const value = load<f32>(x);
    for (let q = 0; q < multiplier; q++) {
      store<f32>(gradient, load<f32>(gradient) + value * load<f32>(dy));
      gradient += 4; dy += 4;
    }
    x += 4;
  }
}
