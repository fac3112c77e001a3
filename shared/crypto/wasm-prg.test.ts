import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { applyMasks, noblePrg } from './mask.ts';
import { prgSuite } from './prg-suite.ts';
import { fastestPrg, instantiateMasks, wasmPrg } from './wasm-prg.ts';

describe('wasmPrg (ChaCha20)', () => {
  prgSuite(async () => wasmPrg(await instantiateMasks()));

  it.each([1, 17, 65, 16_384, 16_385, 40_000])(
    'leaves no key, mask or word in its memory (%i words)',
    async (length) => {
      const instance = await instantiateMasks();
      const { memory } = instance.exports as { memory: WebAssembly.Memory };
      const masks = [{ seed: seededRandom('wiped')(32), sign: 'add' }] as const;
      applyMasks(new Uint32Array(length).fill(5), masks, wasmPrg(instance));
      expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
    },
  );
});

describe('fastestPrg', () => {
  it('is the module where it compiles', async () => {
    expect(await fastestPrg()).not.toBe(noblePrg);
  });

  it('is noble where the engine refuses the module, and hides no other fault', async () => {
    const refused = async () => Promise.reject(new WebAssembly.CompileError('no SIMD'));
    expect(await fastestPrg(refused)).toBe(noblePrg);
    const broken = async () => Promise.reject(new Error('our own bug'));
    await expect(fastestPrg(broken)).rejects.toThrow('our own bug');
  });
});
