/**
 * One participant's descent in a round: gradients in, variables moved in place. The optimisers' formulas and sources
 * are those of tasks/training.ts; their state begins at 0 and goes with the round.
 */
import * as tf from '@tensorflow/tfjs-core';
import { invariant, unreachable } from '../base/invariant.ts';
import type { LocalTraining } from '../tasks/task.ts';
import { descend } from './kernels/descend.ts';

export interface Descent {
  /** One step; a gradient for each variable, in their order. Disposes nothing of the caller's. */
  step(gradients: readonly tf.Tensor[]): void;
  dispose(): void;
}

/** A direction from a gradient, for a step of the given length; may keep state. */
interface Direction {
  /** Moves the variable at `index`; inside a tidy. */
  move(variable: tf.Variable, gradient: tf.Tensor, index: number): void;
  /** Called before the variables of a step are moved. */
  next(): void;
  readonly state: readonly tf.Variable[];
}

export function startDescent(variables: readonly tf.Variable[], training: LocalTraining): Descent {
  const { fedProx, clipNorm } = training;
  const direction = directionOf(variables, training);
  const anchors = fedProx ? variables.map((variable) => tf.clone(variable)) : [];
  return {
    step: (gradients) =>
      tf.tidy(() => {
        invariant(gradients.length === variables.length, 'a gradient for every variable');
        const pulled = fedProx
          ? gradients.map((g, i) => pull(g, variables[i], anchors[i], fedProx.mu))
          : gradients;
        const clipped = clipNorm === undefined ? pulled : clip(pulled, clipNorm);
        direction.next();
        variables.forEach((variable, index) => direction.move(variable, clipped[index] as tf.Tensor, index));
      }),
    dispose: () => tf.dispose([...anchors, ...direction.state]),
  };
}

/** g + μ (w - w_global) */
function pull(
  gradient: tf.Tensor,
  variable: tf.Variable | undefined,
  anchor: tf.Tensor | undefined,
  mu: number,
) {
  invariant(variable && anchor, 'an anchor for every variable');
  return tf.add(gradient, tf.mul(tf.sub(variable, anchor), mu));
}

/** The gradients, scaled where their norm as one vector is greater than `clipNorm`. Nothing is read back. */
function clip(gradients: readonly tf.Tensor[], clipNorm: number): readonly tf.Tensor[] {
  const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
  const scale = tf.div(clipNorm, tf.maximum(norm, clipNorm));
  return gradients.map((gradient) => tf.mul(gradient, scale));
}

function directionOf(
  variables: readonly tf.Variable[],
  { optimizer, learningRate }: LocalTraining,
): Direction {
  switch (optimizer.kind) {
    case 'sgd':
      return {
        next: () => {},
        move: (variable, gradient) => descend(variable, gradient, learningRate),
        state: [],
      };
    case 'momentum': {
      const velocities = variables.map(zeros);
      return {
        next: () => {},
        move: (variable, gradient, index) => {
          const velocity = velocities[index] as tf.Variable;
          velocity.assign(tf.add(tf.mul(velocity, optimizer.momentum), gradient));
          descend(variable, velocity, learningRate);
        },
        state: velocities,
      };
    }
    case 'adam':
      return adam(variables, optimizer, learningRate);
    default:
      return unreachable(optimizer);
  }
}

function adam(
  variables: readonly tf.Variable[],
  { beta1, beta2, epsilon }: { readonly beta1: number; readonly beta2: number; readonly epsilon: number },
  learningRate: number,
): Direction {
  const means = variables.map(zeros);
  const squares = variables.map(zeros);
  // β₁ᵗ and β₂ᵗ: what the states still owe to their zeros.
  let [owed1, owed2] = [1, 1];
  return {
    next: () => {
      owed1 *= beta1;
      owed2 *= beta2;
    },
    move: (variable, gradient, index) => {
      const [mean, square] = [means[index] as tf.Variable, squares[index] as tf.Variable];
      mean.assign(tf.add(tf.mul(mean, beta1), tf.mul(gradient, 1 - beta1)));
      square.assign(tf.add(tf.mul(square, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
      const deviation = tf.add(tf.sqrt(tf.mul(square, 1 / (1 - owed2))), epsilon);
      descend(variable, tf.div(mean, deviation), learningRate / (1 - owed1));
    },
    state: [...means, ...squares],
  };
}

function zeros(variable: tf.Variable): tf.Variable {
  return tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
}
