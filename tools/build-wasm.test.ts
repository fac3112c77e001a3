import { expect, it } from 'vitest';
import { isBuilt, WASM_MODULES } from './build-wasm.ts';

it.each(WASM_MODULES)(
  'shared/wasm/$file is what its source compiles to',
  async (wasmModule) => {
    expect(await isBuilt(wasmModule)).toBe(true);
  },
  60_000,
);
