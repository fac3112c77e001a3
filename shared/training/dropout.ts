/** Dropout (Srivastava et al. 2014), its masks drawn from a seeded stream. */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomSource } from '../base/random.ts';

/** x times a mask: 0 with probability `rate`, rounded to a multiple of 2^-16, else 1 / (1 - rate). */
export function dropout(x: tf.Tensor, rate: number, random: RandomSource): tf.Tensor {
  const threshold = Math.round(rate * 2 ** 16);
  const kept = 2 ** 16 / (2 ** 16 - threshold);
  const bytes = random(2 * x.size);
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset, x.size);
  const mask = Float32Array.from(words, (word) => (word < threshold ? 0 : kept));
  return tf.tidy(() => tf.mul(x, tf.tensor(mask, x.shape)));
}
