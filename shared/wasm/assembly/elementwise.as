/** Sums and steps over whole tensors. Addresses in bytes, counts in floats. */

/** variable[count] −= rate · gradient[count], in place. */
export function descend(variable: usize, gradient: usize, count: usize, rate: f32): void {
  const rates = f32x4.splat(rate);
  for (; count >= 4; count -= 4) {
    v128.store(variable, f32x4.sub(v128.load(variable), f32x4.mul(v128.load(gradient), rates)));
    variable += 16;
    gradient += 16;
  }
  for (; count > 0; count--) {
    store<f32>(variable, load<f32>(variable) - load<f32>(gradient) * rate);
    variable += 4;
    gradient += 4;
  }
}

/** x[rows, columns] += bias[columns], in place; negative results become 0 where `relu`. */
export function addBias(x: usize, rows: usize, columns: usize, bias: usize, relu: bool): void {
  const zero = f32x4.splat(0);
  for (; rows > 0; rows--) {
    let column: usize = 0;
    for (; column + 4 <= columns; column += 4) {
      const sums = f32x4.add(v128.load(x), v128.load(bias + column * 4));
      v128.store(x, relu ? f32x4.max(sums, zero) : sums);
      x += 16;
    }
    for (; column < columns; column++) {
      const sum = load<f32>(x) + load<f32>(bias + column * 4);
      store<f32>(x, relu ? max(sum, 0) : sum);
      x += 4;
    }
  }
}

/** to[columns] = Σ over rows of x[rows, columns]. */
export function sumRows(x: usize, rows: usize, columns: usize, to: usize): void {
  memory.fill(to, 0, columns * 4);
  for (; rows > 0; rows--) {
    addRow(to, x, columns);
    x += columns * 4;
  }
}

/** to[count] += x[count]. */
@inline
function addRow(to: usize, x: usize, count: usize): void {
  let i: usize = 0;
  for (; i + 4 <= count; i += 4) v128.store(to + i * 4, f32x4.add(v128.load(to + i * 4), v128.load(x + i * 4)));
  for (; i < count; i++) store<f32>(to + i * 4, load<f32>(to + i * 4) + load<f32>(x + i * 4));
}

/**
 * to[segments, width] = Σ of the rows of x[rows, width] that `ids` (i32, [rows]) sends to each segment; rows
 * sent outside are dropped.
 */
export function sumSegments(x: usize, ids: usize, rows: usize, width: usize, to: usize, segments: i32): void {
  memory.fill(to, 0, <usize>segments * width * 4);
  for (; rows > 0; rows--) {
    const id = load<i32>(ids);
    if (id >= 0 && id < segments) addRow(to + <usize>id * width * 4, x, width);
    x += width * 4;
    ids += 4;
  }
}

/** to[count] = dy where y > 0, else 0: the gradient of y = relu(x). */
export function reluGradient(y: usize, dy: usize, count: usize, to: usize): void {
  const zero = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    v128.store(to, v128.and(v128.load(dy), f32x4.gt(v128.load(y), zero)));
    y += 16;
    dy += 16;
    to += 16;
  }
  for (; count > 0; count--) {
    store<f32>(to, load<f32>(y) > 0 ? load<f32>(dy) : 0);
    y += 4;
    dy += 4;
    to += 4;
  }
}
