/**
 * A gated recurrent unit (Cho et al. 2014), the reset gate before the recurrent product, as Keras has it with
 * `reset_after=False`. With state h, 0 before the first element:
 *
 *     z = σ([x h] K_z + b_z)          update gate
 *     r = σ([x h] K_r + b_r)          reset gate
 *     c = tanh([x r∘h] K_c + b_c)     candidate
 *     h ← c + z ∘ (h - c)
 *
 * each K the kernel's rows above the recurrent kernel's. The gradient is written out (backpropagation through time):
 * tfjs's own keeps six times as many tensors and takes a product a gate and an element for the kernels' gradients,
 * where one a gate is enough.
 */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../base/invariant.ts';

/** Columns are those of z, r, c, `units` each (layout.ts). */
export interface GruTensors {
  /** [features, 3 units] */
  readonly kernel: tf.Tensor2D;
  /** [units, 3 units] */
  readonly recurrentKernel: tf.Tensor2D;
  /** [3 units] */
  readonly bias: tf.Tensor1D;
}

/** Of z, r and c. */
type Gates<T extends tf.Tensor> = readonly [T, T, T];

/** What one element leaves for the gradient, [batch, ..]. */
interface Trace {
  /** [x h], h the state before. */
  readonly seen: tf.Tensor2D;
  /** [x r∘h] */
  readonly reset: tf.Tensor2D;
  readonly state: tf.Tensor2D;
  readonly gates: Gates<tf.Tensor2D>;
}
const TENSORS_OF_TRACE = 6;

/** x [batch, length, features] → the last state, [batch, units]. */
export function gru(x: tf.Tensor3D, { kernel, recurrentKernel, bias }: GruTensors): tf.Tensor2D {
  return tf.tidy(() => {
    const kernels = tf.split<tf.Tensor2D>(tf.concat([kernel, recurrentKernel], 0), 3, 1);
    const biases = tf.split<tf.Tensor1D>(bias, 3);
    return lastState(x, ...kernels, ...biases);
  });
}

const lastState = tf.customGrad((...given) => {
  const [x, kz, kr, kc, bz, br, bc, save] = given as unknown as [
    tf.Tensor3D,
    ...Gates<tf.Tensor2D>,
    ...Gates<tf.Tensor1D>,
    tf.GradSaveFunc,
  ];
  const [batch] = x.shape;
  const units = bz.size;
  const traces: Trace[] = [];
  let state = tf.zeros<tf.Rank.R2>([batch, units]);
  for (const element of tf.unstack(x, 1) as tf.Tensor2D[]) {
    const seen = tf.concat([element, state], 1);
    const update = tf.sigmoid(affine(seen, kz, bz));
    const resetGate = tf.sigmoid(affine(seen, kr, br));
    const reset = tf.concat([element, tf.mul<tf.Tensor2D>(resetGate, state)], 1);
    const candidate = tf.tanh(affine(reset, kc, bc));
    traces.push({ seen, reset, state, gates: [update, resetGate, candidate] });
    state = tf.add<tf.Tensor2D>(candidate, tf.mul(update, tf.sub(state, candidate)));
  }
  save([
    kz,
    kr,
    kc,
    ...traces.flatMap(({ seen, reset, state: before, gates }) => [seen, reset, before, ...gates]),
  ]);
  return {
    value: state,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradients(dy as tf.Tensor2D, saved as tf.Tensor2D[]),
  };
});

const affine = (a: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D =>
  tf.fused.matMul({ a, b: kernel, bias, activation: 'linear' }) as tf.Tensor2D;

/** dy [batch, units] → the gradients of x, the kernels and the biases, in the order they were given. */
function gradients(dy: tf.Tensor2D, saved: readonly tf.Tensor2D[]): tf.Tensor[] {
  const [kz, kr, kc] = saved;
  invariant(kz && kr && kc, 'the kernels are saved first');
  const traces = tracesOf(saved.slice(3));
  const [batch, units] = dy.shape;
  const features = kz.shape[0] - units;
  return tf.tidy(() => {
    const recurrent = [kz, kr, kc].map((k) => tf.slice(k, [features, 0])) as unknown as Gates<tf.Tensor2D>;
    const steps: Gates<tf.Tensor2D>[] = [];
    let dState = dy;
    for (const trace of traces.toReversed()) {
      const step = stepBack(dState, trace, recurrent);
      steps.unshift(step.dSums);
      dState = step.dState;
    }
    // All elements at once: rows [length · batch].
    const dSums = ([0, 1, 2] as const).map((gate) =>
      tf.concat(
        steps.map((step) => step[gate]),
        0,
      ),
    );
    const [dz, dr, dc] = dSums as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const seen = tf.concat(
      traces.map((trace) => trace.seen),
      0,
    );
    const reset = tf.concat(
      traces.map((trace) => trace.reset),
      0,
    );
    const inputs = [kz, kr, kc].map((k) => tf.slice(k, [0, 0], [features, units]));
    const [fromZ, fromR, fromC] = inputs.map((k, gate) =>
      tf.matMul(dSums[gate] as tf.Tensor2D, k, false, true),
    );
    invariant(fromZ && fromR && fromC, 'a share of each gate');
    const dx = tf.reshape(tf.add(tf.add(fromZ, fromR), fromC), [traces.length, batch, features]);
    return [
      tf.transpose(dx, [1, 0, 2]),
      tf.matMul(seen, dz, true),
      tf.matMul(seen, dr, true),
      tf.matMul(reset, dc, true),
      ...dSums.map((sums) => tf.sum(sums, 0)),
    ];
  });
}

function tracesOf(saved: readonly tf.Tensor2D[]): readonly Trace[] {
  return Array.from({ length: saved.length / TENSORS_OF_TRACE }, (_, i) => {
    const [seen, reset, state, update, resetGate, candidate] = saved.slice(TENSORS_OF_TRACE * i);
    invariant(seen && reset && state && update && resetGate && candidate, 'a trace is whole');
    return { seen, reset, state, gates: [update, resetGate, candidate] };
  });
}

/** From the gradient of the state after an element to those of its gates' sums and of the state before. */
function stepBack(
  dState: tf.Tensor2D,
  { state, gates: [z, r, c] }: Trace,
  [uz, ur, uc]: Gates<tf.Tensor2D>,
): { readonly dSums: Gates<tf.Tensor2D>; readonly dState: tf.Tensor2D } {
  const direct = tf.mul<tf.Tensor2D>(dState, z);
  const dc = tf.mul<tf.Tensor2D>(tf.sub(dState, direct), tf.sub(1, tf.square(c)));
  // direct (1 - z) is dState z (1 - z), which the gate's sigmoid asks for.
  const dz = tf.mul<tf.Tensor2D>(tf.mul(direct, tf.sub(1, z)), tf.sub(state, c));
  const dReset = tf.mul<tf.Tensor2D>(tf.matMul(dc, uc, false, true), r);
  const dr = tf.mul<tf.Tensor2D>(tf.mul(dReset, state), tf.sub(1, r));
  const throughGates = tf.add(tf.matMul(dz, uz, false, true), tf.matMul(dr, ur, false, true));
  return { dSums: [dz, dr, dc], dState: tf.add<tf.Tensor2D>(tf.add(direct, dReset), throughGates) };
}
