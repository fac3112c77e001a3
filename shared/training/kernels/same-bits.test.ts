import { beforeAll, describe } from 'vitest';
import { sameBitsSuite } from './same-bits-suite.ts';
import { startKernels } from './testing.ts';

describe('our kernels, in Node', () => {
  beforeAll(startKernels);
  sameBitsSuite();
});
