import { expect, it } from 'vitest';
import { kernelsAreBuilt } from './build-wasm.ts';

it('shared/wasm/kernels.ts is what its source compiles to', async () => {
  expect(await kernelsAreBuilt()).toBe(true);
}, 60_000);
