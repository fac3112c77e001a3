/** Layers of TF.js (Keras) as layers of a model specification. What a layer says that ours cannot is refused, not dropped. */
import * as v from 'valibot';
import { fail, ok, type Result } from '../../base/result.ts';
import { layer as layerSchema, type Layer } from '../layers.ts';
import type { Loss } from '../model.ts';

export const kerasLayer = v.object({ class_name: v.string(), config: v.record(v.string(), v.unknown()) });
type KerasLayer = v.InferOutput<typeof kerasLayer>;

export interface NamedLayer {
  /** Of the layer in the file, which its weights are named by. */
  readonly name: string;
  readonly layer: Layer;
}

const size = v.pipe(v.number(), v.safeInteger());
const plane = v.union([
  v.tuple([size, size]),
  v.pipe(
    size,
    v.transform((side) => [side, side] as const),
  ),
]);
const padding = v.picklist(['same', 'valid'], 'it is "same" or "valid" here');
const activation = v.optional(
  v.picklist(['relu', 'linear'], 'only "relu" and "linear" are known here'),
  'linear',
);
const channelsLast = v.optional(
  v.literal('channels_last', 'only "channels_last" is known here'),
  'channels_last',
);
const undilated = v.optional(
  v.union([v.literal(1), v.tuple([v.literal(1), v.literal(1)])], 'only 1 is known here'),
  1,
);
const withBias = v.optional(v.literal(true, 'layers have a bias here'), true);
const off = (why: string) => v.optional(v.literal(false, why), false);

/** By class name: what its settings become. Other settings (initializers, names) change nothing that is learnt here. */
const READERS: ReadonlyMap<string, v.GenericSchema> = new Map(
  Object.entries<v.GenericSchema>({
    Dense: v.pipe(
      v.object({ units: size, activation, use_bias: withBias }),
      v.transform(({ units, activation: a }) => ({ kind: 'dense', units, activation: a }) as const),
    ),
    Conv2D: v.pipe(
      v.object({
        filters: size,
        kernel_size: plane,
        strides: v.optional(plane, [1, 1]),
        padding: v.optional(padding, 'valid'),
        data_format: channelsLast,
        dilation_rate: undilated,
        groups: v.optional(v.literal(1, 'only 1 is known here'), 1),
        activation,
        use_bias: withBias,
      }),
      v.transform(
        ({ filters, kernel_size: [height, width], strides: [down, right], padding: p, activation: a }) =>
          ({
            kind: 'conv2d',
            filters,
            kernelSize: [height, width],
            strides: [down, right],
            padding: p,
            activation: a,
          }) as const,
      ),
    ),
    MaxPooling2D: v.pipe(
      v.object({
        pool_size: v.optional(plane, [2, 2]),
        strides: v.nullish(plane),
        padding: v.optional(padding, 'valid'),
        data_format: channelsLast,
      }),
      v.transform(({ pool_size: pool, strides, padding: p }) => {
        const [down, right] = strides ?? pool;
        return { kind: 'maxPool', poolSize: [pool[0], pool[1]], strides: [down, right], padding: p } as const;
      }),
    ),
    Flatten: v.pipe(
      v.object({ data_format: channelsLast }),
      v.transform(() => ({ kind: 'flatten' }) as const),
    ),
    Reshape: v.pipe(
      v.object({ target_shape: v.array(size) }),
      v.transform(({ target_shape }) => ({ kind: 'reshape', shape: target_shape }) as const),
    ),
    Dropout: v.pipe(
      v.object({
        rate: v.number(),
        noise_shape: v.optional(v.null('dropout is of single numbers here'), null),
      }),
      v.transform(({ rate }) => ({ kind: 'dropout', rate }) as const),
    ),
    Embedding: v.pipe(
      v.object({ input_dim: size, output_dim: size, mask_zero: off('there are no masks here') }),
      v.transform(
        ({ input_dim, output_dim }) =>
          ({ kind: 'embedding', vocabulary: input_dim, units: output_dim }) as const,
      ),
    ),
    GRU: v.pipe(
      v.object({
        units: size,
        activation: v.optional(v.literal('tanh', 'only "tanh" is known here'), 'tanh'),
        recurrent_activation: v.literal('sigmoid', 'only "sigmoid" is known here'),
        use_bias: withBias,
        reset_after: off('the reset gate comes before the recurrent product here'),
        return_sequences: off('the last state alone is given on here'),
        return_state: off('the last state alone is given on here'),
        go_backwards: off('texts are read forwards here'),
        stateful: off('no state outlives an example here'),
        dropout: v.optional(v.literal(0, 'a GRU has no dropout here'), 0),
        recurrent_dropout: v.optional(v.literal(0, 'a GRU has no dropout here'), 0),
      }),
      v.transform(({ units }) => ({ kind: 'gru', units }) as const),
    ),
  }),
);

/** Penalties and bounds on weights, which training here does not know. */
const RESTRAINTS = /_(?:regularizer|constraint)$/u;

/** Of the last layer: what the loss does itself. */
const SQUASHED: Readonly<Record<string, Loss>> = {
  softmax: 'softmax-cross-entropy',
  sigmoid: 'sigmoid-cross-entropy',
};

/** A sentence naming the layer where it, or one of its settings, has no counterpart. `loss` is given for the last layer. */
export function readLayer(given: KerasLayer, loss: Loss | null): Result<NamedLayer, string> {
  const { class_name: className, config } = given;
  const name = typeof config['name'] === 'string' ? config['name'] : className;
  const title = `Layer "${name}" (${className})`;
  const reader = READERS.get(className);
  if (reader === undefined)
    return fail(`${title} is not supported. Supported are ${[...READERS.keys()].join(', ')}.`);
  const restraint = Object.entries(config).find(([key, value]) => RESTRAINTS.test(key) && value !== null);
  if (restraint) return fail(`${title}: ${restraint[0]} is not supported.`);
  const read = v.safeParse(reader, withoutSquashing(config, loss));
  const parsed = read.success ? v.safeParse(layerSchema, read.output) : read;
  if (parsed.success) return ok({ name, layer: parsed.output });
  const [issue] = parsed.issues;
  return fail(`${title}: ${v.getDotPath(issue) ?? 'settings'}: ${issue.message}.`);
}

/** A model that ends in probabilities gives logits instead, since its loss is reckoned from them. */
function withoutSquashing(config: KerasLayer['config'], loss: Loss | null): KerasLayer['config'] {
  const { activation: last } = config;
  return loss !== null && typeof last === 'string' && SQUASHED[last] === loss
    ? { ...config, activation: 'linear' }
    : config;
}
