/** From the declarative specification to differentiable tfjs: parameters as variables, and the forward pass. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant, unreachable } from '../base/invariant.ts';
import type { RandomSource } from '../base/random.ts';
import { layoutOf } from '../tasks/layout.ts';
import type { Activation, Layer } from '../tasks/layers.ts';
import type { ModelSpecification } from '../tasks/model.ts';
import { averagePool } from './average-pool.ts';
import { dropout } from './dropout.ts';
import { groupNorm } from './group-norm.ts';
import { gru } from './gru.ts';

export interface BuiltModel {
  /** In layout order. */
  readonly variables: readonly tf.Variable[];
  /**
   * [batch, ...inputShape] → the last layer's outputs, [batch, outputs]. Dropout draws from `random`; without it,
   * after training, it does nothing.
   */
  forward(inputs: tf.Tensor, random?: RandomSource): tf.Tensor2D;
  /** The variables' values, flat, [d]; reads back from the backend. */
  parameters(): Promise<Float32Array<ArrayBuffer>>;
  dispose(): void;
}

/** `parameters` is [d], copied. */
export function buildModel(specification: ModelSpecification, parameters: Float32Array): BuiltModel {
  const layout = layoutOf(specification);
  const variables = layout.map(({ shape, offset, size }) => {
    const initial = tf.tensor(parameters.slice(offset, offset + size), [...shape], 'float32');
    const variable = tf.variable(initial);
    initial.dispose();
    return variable;
  });
  const variablesOf = specification.layers.map(({ kind }, index) => {
    const prefix = `${kind}-${index + 1}/`;
    return variables.filter((_, i) => layout[i]?.name.startsWith(prefix));
  });
  return {
    variables,
    forward: (inputs, random) =>
      tf.tidy(() => {
        let activations = inputs;
        specification.layers.forEach((layer, index) => {
          activations = apply(layer, activations, variablesOf[index] ?? [], random);
        });
        return activations as tf.Tensor2D;
      }),
    parameters: async () => {
      const flat = new Float32Array(parameters.length);
      const values = await Promise.all(variables.map((variable) => variable.data()));
      layout.forEach(({ offset }, index) => flat.set(values[index] ?? [], offset));
      return flat;
    },
    dispose: () => variables.forEach((variable) => variable.dispose()),
  };
}

/** One layer on a batch: x [batch, ...]; `tensors` as layout.ts lists them. Casts: layers' shapes were checked. */
function apply(
  layer: Layer,
  x: tf.Tensor,
  tensors: readonly tf.Variable[],
  random?: RandomSource,
): tf.Tensor {
  const [first, second, third] = tensors;
  const batch = x.shape[0] ?? 0;
  switch (layer.kind) {
    case 'dense': {
      invariant(first && second, 'a dense layer has a kernel and a bias');
      return activate(tf.add(tf.matMul(x as tf.Tensor2D, first as tf.Tensor2D), second), layer.activation);
    }
    case 'conv2d': {
      invariant(first && second, 'a convolution has a kernel and a bias');
      const sums = tf.conv2d(x as tf.Tensor4D, first as tf.Tensor4D, layer.strides, layer.padding);
      return activate(tf.add(sums, second), layer.activation);
    }
    case 'maxPool':
      return tf.maxPool(x as tf.Tensor4D, layer.poolSize, layer.strides, layer.padding);
    case 'averagePool':
      return averagePool(x as tf.Tensor4D, layer.poolSize, layer.strides, layer.padding);
    case 'flatten':
      return tf.reshape(x, [batch, x.size / batch]);
    case 'reshape':
      return tf.reshape(x, [batch, ...layer.shape]);
    case 'groupNorm': {
      invariant(first && second, 'group norm has a scale and an offset');
      const normal = groupNorm(x as tf.Tensor4D, layer.groups, first as tf.Tensor1D, second as tf.Tensor1D);
      return activate(normal, layer.activation);
    }
    case 'dropout':
      return random ? dropout(x, layer.rate, random) : x;
    case 'embedding':
      invariant(first, 'an embedding has a table');
      return tf.gather(first, tf.cast(x, 'int32'));
    case 'gru':
      invariant(first && second && third, 'a GRU has a kernel, a recurrent kernel and a bias');
      return gru(x as tf.Tensor3D, {
        kernel: first as tf.Tensor2D,
        recurrentKernel: second as tf.Tensor2D,
        bias: third as tf.Tensor1D,
      });
    default:
      return unreachable(layer);
  }
}

function activate(sums: tf.Tensor, activation: Activation): tf.Tensor {
  switch (activation) {
    case 'relu':
      return tf.relu(sums);
    case 'tanh':
      return tf.tanh(sums);
    case 'sigmoid':
      return tf.sigmoid(sums);
    case 'linear':
      return sums;
    default:
      return unreachable(activation);
  }
}
