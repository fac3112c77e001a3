/** Layers of TF.js (Keras) as layers of a model specification. What a layer says that ours cannot is refused, not dropped. */
import * as v from 'valibot';
import { fail, ok, type Result } from '../../base/result.ts';
import { layer as layerSchema, type Layer } from '../layers.ts';
import { tensorsOf } from '../layout.ts';
import { shapesThrough, sizeOf, type Shape } from '../shapes.ts';
import { titleOf, type KerasLayer } from './keras-layer.ts';

/** What follows a layer's sums; `softmax` has a counterpart at the very end alone, in the loss. */
const ending = v.picklist(
  ['relu', 'tanh', 'sigmoid', 'softmax', 'linear'],
  'only "relu", "tanh", "sigmoid" and "linear" are known here, and "softmax" at the end',
);
export type Ending = v.InferOutput<typeof ending>;

/** What a layer of the file becomes: any number of ours, and what follows the last of them. */
export interface LayerReading {
  readonly layers: readonly Layer[];
  readonly ending: Ending;
}

interface Reading {
  readonly layers: readonly v.InferInput<typeof layerSchema>[];
  readonly ending?: Ending;
}
type Reader = (config: unknown, shape: Shape) => Result<Reading, string>;

/** `become` gives a clause where the layer does not take what comes before it. */
const reader =
  <Schema extends v.GenericSchema>(
    schema: Schema,
    become: (settings: v.InferOutput<Schema>, shape: Shape) => Reading | string,
  ): Reader =>
  (config, shape) => {
    const read = v.safeParse(schema, config);
    if (!read.success) return fail(sentenceOf(read.issues[0]));
    const reading = become(read.output, shape);
    return typeof reading === 'string'
      ? fail(`it takes ${reading}; it is given [${shape.join(', ')}]`)
      : ok(reading);
  };

const size = v.pipe(v.number(), v.safeInteger());
const plane = v.union([
  v.pipe(
    v.strictTuple([size, size]),
    v.transform(([height, width]): [number, number] => [height, width]),
  ),
  v.pipe(
    size,
    v.transform((side): [number, number] => [side, side]),
  ),
]);
/** One number, which Keras writes alone or in a list. */
const line = v.union([
  size,
  v.pipe(
    v.strictTuple([size]),
    v.transform(([length]) => length),
  ),
]);
const padding = v.optional(v.picklist(['same', 'valid'], 'it is "same" or "valid" here'), 'valid');
const activation = v.optional(ending, 'linear');
const channelsLast = v.optional(
  v.literal('channels_last', 'only "channels_last" is known here'),
  'channels_last',
);
const undilated = v.optional(v.union([v.literal(1), v.array(v.literal(1))], 'only 1 is known here'), 1);
const withBias = v.optional(v.literal(true, 'layers have a bias here: make it with useBias: true'), true);
const off = (why: string) => v.optional(v.literal(false, why), false);
const none = v.optional(v.literal(0, 'a GRU has no dropout here; put a Dropout layer after it'), 0);

const convolution = {
  filters: size,
  padding,
  data_format: channelsLast,
  dilation_rate: undilated,
  groups: v.optional(v.literal(1, 'only 1 is known here'), 1),
  activation,
  use_bias: withBias,
};

/** A pool moves by its own size where it says no strides. */
const pool2d = (kind: 'maxPool' | 'averagePool') =>
  reader(
    v.object({
      pool_size: v.optional(plane, [2, 2]),
      strides: v.optional(plane),
      padding,
      data_format: channelsLast,
    }),
    ({ pool_size: poolSize, strides, padding: p }) => ({
      layers: [{ kind, poolSize, strides: strides ?? poolSize, padding: p }],
    }),
  );

const globalPool2d = (kind: 'maxPool' | 'averagePool') =>
  reader(
    v.object({ data_format: channelsLast, keepdims: off('the pooled axes go away here') }),
    (_, shape) => {
      const [height, width] = shape;
      if (shape.length !== 3 || height === undefined || width === undefined)
        return '[height, width, channels]';
      return {
        layers: [{ kind, poolSize: [height, width], strides: [1, 1], padding: 'valid' }, { kind: 'flatten' }],
      };
    },
  );

/** On texts and series, [length, features]: as pictures of one column. */
function along(
  [length, features, ...more]: Shape,
  windowed: v.InferInput<typeof layerSchema>,
  { after = 'series', ending: followedBy = 'linear' }: { after?: 'series' | 'flat'; ending?: Ending } = {},
): Reading | string {
  if (length === undefined || features === undefined || more.length > 0) return '[length, features]';
  const column = { kind: 'reshape' as const, shape: [length, 1, features] };
  if (after === 'flat') return { layers: [column, windowed, { kind: 'flatten' }] };
  const checked = v.safeParse(layerSchema, windowed);
  const shapes = checked.success ? shapesThrough([length, 1, features], [checked.output]) : null;
  const [newLength, , channels] = (shapes?.ok && shapes.value.at(-1)) || [1, 1, 1];
  const series = { kind: 'reshape' as const, shape: [newLength ?? 1, channels ?? 1] };
  return { layers: [column, windowed, series], ending: followedBy };
}

const pool1d = (kind: 'maxPool' | 'averagePool') =>
  reader(
    v.object({
      pool_size: v.optional(line, 2),
      strides: v.optional(line),
      padding,
      data_format: channelsLast,
    }),
    ({ pool_size: length, strides, padding: p }, shape) =>
      along(shape, { kind, poolSize: [length, 1], strides: [strides ?? length, 1], padding: p }),
  );

const globalPool1d = (kind: 'maxPool' | 'averagePool') =>
  reader(
    v.object({ data_format: channelsLast, keepdims: off('the pooled axis goes away here') }),
    (_, shape) =>
      along(
        shape,
        { kind, poolSize: [shape[0] ?? 1, 1], strides: [1, 1], padding: 'valid' },
        { after: 'flat' },
      ),
  );

/** By class name: what its settings become. Other settings (initializers, names) change nothing that is learnt here. */
const READERS: ReadonlyMap<string, Reader> = new Map(
  Object.entries<Reader>({
    Dense: reader(v.object({ units: size, activation, use_bias: withBias }), ({ units, activation: a }) => ({
      layers: [{ kind: 'dense', units, activation: 'linear' }],
      ending: a,
    })),
    Conv2D: reader(
      v.object({ ...convolution, kernel_size: plane, strides: v.optional(plane, [1, 1]) }),
      ({ filters, kernel_size: kernelSize, strides, padding: p, activation: a }) => ({
        layers: [{ kind: 'conv2d', filters, kernelSize, strides, padding: p, activation: 'linear' }],
        ending: a,
      }),
    ),
    Conv1D: reader(
      v.object({ ...convolution, kernel_size: line, strides: v.optional(line, 1) }),
      ({ filters, kernel_size: length, strides, padding: p, activation: a }, shape) =>
        along(
          shape,
          {
            kind: 'conv2d',
            filters,
            kernelSize: [length, 1],
            strides: [strides, 1],
            padding: p,
            activation: 'linear',
          },
          { ending: a },
        ),
    ),
    MaxPooling2D: pool2d('maxPool'),
    AveragePooling2D: pool2d('averagePool'),
    GlobalMaxPooling2D: globalPool2d('maxPool'),
    GlobalAveragePooling2D: globalPool2d('averagePool'),
    MaxPooling1D: pool1d('maxPool'),
    AveragePooling1D: pool1d('averagePool'),
    GlobalMaxPooling1D: globalPool1d('maxPool'),
    GlobalAveragePooling1D: globalPool1d('averagePool'),
    Flatten: reader(v.object({ data_format: channelsLast }), () => ({ layers: [{ kind: 'flatten' }] })),
    Reshape: reader(v.object({ target_shape: v.array(size) }), ({ target_shape: target }, shape) => {
      const known = sizeOf(target.filter((length) => length !== -1));
      return {
        layers: [
          {
            kind: 'reshape',
            shape: target.map((length) => (length === -1 ? sizeOf(shape) / known : length)),
          },
        ],
      };
    }),
    Dropout: reader(
      v.object({
        rate: v.number(),
        noise_shape: v.optional(v.null('dropout is of single numbers here'), null),
      }),
      ({ rate }) => ({ layers: rate === 0 ? [] : [{ kind: 'dropout', rate }] }),
    ),
    Activation: reader(v.object({ activation: ending }), ({ activation: a }) => ({ layers: [], ending: a })),
    ReLU: reader(
      v.object({
        max_value: v.optional(v.null('a ReLU has no greatest value here')),
        negative_slope: v.optional(v.literal(0, 'only 0 is known here')),
        threshold: v.optional(v.literal(0, 'only 0 is known here')),
      }),
      () => ({ layers: [], ending: 'relu' }),
    ),
    // The batch is axis 0: the last of one axis is 1, which TF.js writes.
    Softmax: reader(v.object({ axis: v.optional(size, -1) }), ({ axis }, shape) =>
      axis === -1 || axis === shape.length ? { layers: [], ending: 'softmax' } : `the last axis, not ${axis}`,
    ),
    Embedding: reader(
      v.object({ input_dim: size, output_dim: size, mask_zero: off('there are no masks here') }),
      ({ input_dim, output_dim }) => ({
        layers: [{ kind: 'embedding', vocabulary: input_dim, units: output_dim }],
      }),
    ),
    GRU: reader(
      v.object({
        units: size,
        activation: v.optional(v.literal('tanh', 'only "tanh" is known here'), 'tanh'),
        recurrent_activation: v.literal('sigmoid', 'only "sigmoid" is known here'),
        use_bias: withBias,
        reset_after: off(
          'the reset gate comes before the recurrent product here: make it with reset_after=False',
        ),
        return_sequences: off('the last state alone is given on here'),
        return_state: off('the last state alone is given on here'),
        go_backwards: off('texts are read forwards here'),
        stateful: off('no state outlives an example here'),
        dropout: none,
        recurrent_dropout: none,
      }),
      ({ units }) => ({ layers: [{ kind: 'gru', units }] }),
    ),
  }),
);

/** What to do without the ones that people miss most. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  [
    'BatchNormalization',
    'It keeps statistics of the examples it sees, which no sum of updates makes; leave it out, or lower the learning rate instead.',
  ],
  ['LSTM', 'A GRU takes its place, with reset_after=False and the recurrent activation "sigmoid".'],
  ['SimpleRNN', 'A GRU takes its place, with reset_after=False and the recurrent activation "sigmoid".'],
  ['Bidirectional', 'Use a GRU that reads forwards.'],
  ['Sequential', 'Put the layers of the inner model into the outer one.'],
  ['SeparableConv2D', 'Use a Conv2D.'],
  ['DepthwiseConv2D', 'Use a Conv2D.'],
]);

/** Penalties and bounds on weights, which training here does not know. */
const RESTRAINTS = /_(?:regularizer|constraint)$/u;

/**
 * `shape` is what the layer is given. A sentence naming the layer where it, or one of its settings, has no
 * counterpart.
 */
export function readLayer(given: KerasLayer, shape: Shape): Result<LayerReading, string> {
  const { class_name: className, config } = given;
  const title = titleOf(given);
  const read = READERS.get(className);
  if (read === undefined)
    return fail(
      `${title} is not supported. ${INSTEAD.get(className) ?? `Supported are ${[...READERS.keys()].join(', ')}.`}`,
    );
  const restraint = Object.entries(config).find(([key, value]) => RESTRAINTS.test(key) && value !== null);
  if (restraint)
    return fail(
      `${title}: ${restraint[0]} is not supported. Make the layer without it; a run can clip its updates.`,
    );
  // TF.js writes null for a setting that was left to it.
  const said = Object.entries(config).filter(([, value]) => value !== null);
  const reading = read(Object.fromEntries(said), shape);
  if (!reading.ok) return fail(`${title}: ${reading.fault}.`);
  const layers = v.safeParse(v.array(layerSchema), reading.value.layers);
  if (!layers.success) return fail(`${title}: ${sentenceOf(layers.issues[0])}.`);
  if (config['trainable'] === false && layers.output.some((layer) => tensorsOf(layer, shape).length > 0))
    return fail(`${title}: trainable: every layer learns here; set it to true, or leave the layer out.`);
  return ok({ layers: layers.output, ending: reading.value.ending ?? 'linear' });
}

/** The setting, without the place of our layer in what became of the file's, and what is wrong with it. */
function sentenceOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue)?.replace(/^\d+\./u, '');
  return `${path ?? 'settings'}: ${issue.message}`;
}
