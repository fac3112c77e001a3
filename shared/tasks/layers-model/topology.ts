/**
 * A model as layers of TF.js (the format of Keras' `Sequential`), for `tf.loadLayersModel` of anybody's program. Stock
 * layers alone: whoever loads it needs nothing of ours.
 *
 * Group norm is no stock layer. It becomes a reshape that lays each group's numbers next to one another, layer norm over
 * them without scale and offset, the way back, and a depthwise convolution of 1 × 1, which is a scale and an offset a
 * channel.
 */
import { invariant, unreachable } from '../../base/invariant.ts';
import type { Layer } from '../layers.ts';
import type { ModelSpecification } from '../model.ts';
import { shapesThrough, type Shape } from '../shapes.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface KerasLayer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, Json>>;
}

export interface Topology {
  readonly class_name: 'Sequential';
  readonly config: { readonly name: string; readonly layers: readonly KerasLayer[] };
}

/** As training/group-norm has it. */
const GROUP_NORM_EPSILON = 1e-5;

/** Kind and place of a layer, counted from 1, as layout.ts names its tensors. */
export const layerName = ({ kind }: Layer, index: number): string => `${kind}-${index + 1}`;

/** `model` is one that the schema let through. The last layer's outputs are the model's: neither squashed nor normalised. */
export function topologyOf(model: ModelSpecification): Topology {
  const shapes = shapesThrough(model.inputShape, model.layers);
  invariant(shapes.ok, 'a model that was checked has shapes that fit');
  const layers = model.layers.flatMap((layer, index) =>
    kerasLayers(layer, layerName(layer, index), shapes.value[index] ?? []),
  );
  const input: KerasLayer = {
    class_name: 'InputLayer',
    config: {
      name: 'input',
      batch_input_shape: [null, ...model.inputShape],
      dtype: 'float32',
      sparse: false,
    },
  };
  return { class_name: 'Sequential', config: { name: 'chorale', layers: [input, ...layers] } };
}

/** `inputShape` is what the layer is given, without the batch. */
function kerasLayers(layer: Layer, name: string, inputShape: Shape): readonly KerasLayer[] {
  const one = (className: string, config: KerasLayer['config']): readonly KerasLayer[] => [
    { class_name: className, config: { name, trainable: true, ...config } },
  ];
  switch (layer.kind) {
    case 'dense':
      return one('Dense', { units: layer.units, activation: layer.activation, use_bias: true });
    case 'conv2d':
      return one('Conv2D', {
        filters: layer.filters,
        kernel_size: layer.kernelSize,
        strides: layer.strides,
        padding: layer.padding,
        dilation_rate: [1, 1],
        data_format: 'channels_last',
        activation: layer.activation,
        use_bias: true,
      });
    case 'maxPool':
    case 'averagePool':
      return one(layer.kind === 'maxPool' ? 'MaxPooling2D' : 'AveragePooling2D', {
        pool_size: layer.poolSize,
        strides: layer.strides,
        padding: layer.padding,
        data_format: 'channels_last',
      });
    case 'flatten':
      return one('Flatten', { data_format: 'channels_last' });
    case 'reshape':
      return one('Reshape', { target_shape: layer.shape });
    case 'groupNorm':
      return groupNormLayers(layer, name, inputShape);
    case 'dropout':
      return one('Dropout', { rate: layer.rate });
    case 'embedding':
      return one('Embedding', { input_dim: layer.vocabulary, output_dim: layer.units, mask_zero: false });
    case 'gru':
      return one('GRU', {
        units: layer.units,
        activation: 'tanh',
        recurrent_activation: 'sigmoid',
        use_bias: true,
        reset_after: false,
        return_sequences: false,
        return_state: false,
        go_backwards: false,
        stateful: false,
      });
    default:
      return unreachable(layer);
  }
}

function groupNormLayers(
  { groups, activation }: Extract<Layer, { kind: 'groupNorm' }>,
  name: string,
  [height = 0, width = 0, channels = 0]: Shape,
): readonly KerasLayer[] {
  const positions = height * width;
  const members = channels / groups;
  const step = (className: string, suffix: string, config: KerasLayer['config']): KerasLayer => ({
    class_name: className,
    config: { name: `${name}-${suffix}`, trainable: true, ...config },
  });
  return [
    step('Reshape', 'split', { target_shape: [positions, groups, members] }),
    step('Permute', 'gather', { dims: [2, 1, 3] }),
    step('Reshape', 'flatten', { target_shape: [groups, positions * members] }),
    step('LayerNormalization', 'normalise', {
      axis: -1,
      epsilon: GROUP_NORM_EPSILON,
      center: false,
      scale: false,
    }),
    step('Reshape', 'unflatten', { target_shape: [groups, positions, members] }),
    step('Permute', 'scatter', { dims: [2, 1, 3] }),
    step('Reshape', 'join', { target_shape: [height, width, channels] }),
    {
      class_name: 'DepthwiseConv2D',
      config: {
        name,
        trainable: true,
        kernel_size: [1, 1],
        strides: [1, 1],
        padding: 'valid',
        depth_multiplier: 1,
        data_format: 'channels_last',
        activation,
        use_bias: true,
      },
    },
  ];
}
