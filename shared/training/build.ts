/** From the declarative specification to differentiable tfjs: parameters as variables, and the forward pass. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../base/invariant.ts';
import { layoutOf } from '../tasks/layout.ts';
import type { ModelSpecification } from '../tasks/model.ts';

export interface BuiltModel {
  /** In layout order: kernel and bias of each layer. */
  readonly variables: readonly tf.Variable[];
  /** [batch, ...inputShape] → logits [batch, units of the last layer]. */
  forward(inputs: tf.Tensor): tf.Tensor2D;
  /** The variables' values, flat, [d]; reads back from the backend. */
  parameters(): Float32Array<ArrayBuffer>;
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
  return {
    variables,
    forward: (inputs) =>
      tf.tidy(() => {
        let activations = tf.reshape<tf.Rank.R2>(inputs, [inputs.shape[0] ?? -1, -1]);
        specification.layers.forEach((layer, index) => {
          const [kernel, bias] = [variables[2 * index], variables[2 * index + 1]];
          invariant(kernel && bias, 'a kernel and a bias a layer');
          const sums = tf.add(tf.matMul(activations, kernel as tf.Tensor2D), bias);
          activations = (layer.activation === 'relu' ? tf.relu(sums) : sums) as tf.Tensor2D;
        });
        return activations;
      }),
    parameters: () => {
      const flat = new Float32Array(parameters.length);
      layout.forEach(({ offset }, index) => flat.set(variables[index]?.dataSync() ?? [], offset));
      return flat;
    },
    dispose: () => variables.forEach((variable) => variable.dispose()),
  };
}
