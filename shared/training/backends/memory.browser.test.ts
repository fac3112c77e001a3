import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { beforeAll, describe } from 'vitest';
import { startWasm } from '../backend.ts';
import { memorySuite } from './memory-suite.ts';
import { required } from './testing.ts';

describe('memory on wasm, in Chromium', () => {
  beforeAll(async () => {
    required(
      await startWasm({
        'tfjs-backend-wasm.wasm': wasmUrl,
        'tfjs-backend-wasm-simd.wasm': simdUrl,
        'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
      }),
    );
  });
  memorySuite();
});
