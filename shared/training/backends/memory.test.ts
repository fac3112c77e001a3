import { beforeAll, describe } from 'vitest';
import { startKernels } from '../kernels/testing.ts';
import { memorySuite } from './memory-suite.ts';

describe('memory on wasm, in Node', () => {
  beforeAll(startKernels);
  memorySuite();
});
