/** The layers of a model specification: their settings, without shapes. Each says what it makes of what shape. */
import * as v from 'valibot';

const MAX_SIZE = 65_536;

const size = v.pipe(
  v.number(),
  v.safeInteger('an integer, without a fraction'),
  v.minValue(1, 'at least 1'),
  v.maxValue(MAX_SIZE, `at most ${MAX_SIZE}`),
);
const window = v.pipe(
  v.number(),
  v.safeInteger('an integer, without a fraction'),
  v.minValue(1, 'at least 1'),
  v.maxValue(64, 'at most 64'),
);
/** Height, width. */
const plane = v.tuple([window, window]);
const padding = v.picklist(['same', 'valid']);
const activation = v.picklist(['relu', 'tanh', 'sigmoid', 'linear']);
export type Activation = v.InferOutput<typeof activation>;

/** Of one example, without the batch: [features], [length, features] or [height, width, channels]. */
export const exampleShape = v.pipe(v.array(size), v.minLength(1), v.maxLength(4));

export const layer = v.variant('kind', [
  /** [inputs] → [units]: activation(x · kernel + bias). */
  v.strictObject({ kind: v.literal('dense'), units: size, activation }),
  /** [height, width, channels] → [height', width', filters]: activation(x * kernel + bias). */
  v.strictObject({
    kind: v.literal('conv2d'),
    filters: size,
    kernelSize: plane,
    strides: plane,
    padding,
    activation,
  }),
  /** [height, width, channels] → [height', width', channels]. */
  v.strictObject({ kind: v.literal('maxPool'), poolSize: plane, strides: plane, padding }),
  /** The same with means; beyond the edge there is nothing to take the mean of. */
  v.strictObject({ kind: v.literal('averagePool'), poolSize: plane, strides: plane, padding }),
  /** Any shape → [its size], row-major. */
  v.strictObject({ kind: v.literal('flatten') }),
  /** Any shape → another of the same size, row-major. */
  v.strictObject({ kind: v.literal('reshape'), shape: exampleShape }),
  /**
   * [height, width, channels] → the same: of each example, each group of channels next to each other is brought
   * to mean 0 and variance 1 (ε = 1e-5), then activation(scale · x + offset), a scale and an offset a channel
   * (Wu and He 2018). Unlike batch norm it keeps no statistics of a participant's data.
   */
  v.strictObject({ kind: v.literal('groupNorm'), groups: size, activation }),
  /** Any shape → the same: in training, each number is 0 with probability `rate`, else divided by 1 - rate. */
  v.strictObject({
    kind: v.literal('dropout'),
    rate: v.pipe(v.number(), v.gtValue(0, 'more than 0'), v.maxValue(0.95, 'at most 0.95')),
  }),
  /** [length] of indices 0..vocabulary-1 → [length, units]. Only as the first layer. */
  v.strictObject({ kind: v.literal('embedding'), vocabulary: size, units: size }),
  /** [length, features] → [units]: the state after the last element (Cho et al. 2014). */
  v.strictObject({ kind: v.literal('gru'), units: size }),
]);
export type Layer = v.InferOutput<typeof layer>;
