/** What every model that ships promises, run in Node and in a browser on the wasm backend. */
import { sha256 } from '@noble/hashes/sha2.js';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { bytesToHex } from '../base/bytes.ts';
import { bytesOfParameters } from '../tasks/parameters.ts';
import { jobOf, MODEL_CASES } from './model-cases.ts';
import { trainLocally } from './trainer.ts';

/** The backend must be started. */
export function modelsSuite(): void {
  it.each(MODEL_CASES)('$name: the pinned bits, run after run, and no tensor left', async (modelCase) => {
    const hashes: string[] = [];
    const tensors = tf.memory().numTensors;
    for (let run = 0; run < 2; run++) {
      const trained = await trainLocally(jobOf(modelCase));
      if (!trained.ok) throw new Error(trained.fault.detail);
      expect(trained.value.delta.some((value) => value !== 0)).toBe(true);
      hashes.push(bytesToHex(sha256(bytesOfParameters(trained.value.delta))));
    }
    expect(tf.memory().numTensors).toBe(tensors);
    expect(hashes).toEqual([modelCase.deltaSha256, modelCase.deltaSha256]);
  });
}
