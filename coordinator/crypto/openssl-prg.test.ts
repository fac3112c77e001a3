import { describe, expect, it } from 'vitest';
import { seededRandom } from '#shared/base/random.ts';
import { applyMasks } from '#shared/crypto/mask.ts';
import { prgSuite } from '#shared/crypto/prg-suite.ts';
import { instantiateRing, openSslPrg, openSslPrgOn } from './openssl-prg.ts';

describe('openSslPrg (ChaCha20)', () => {
  prgSuite(async () => openSslPrg);

  it.each([1, 17, 65, 32_768, 32_769, 40_000])(
    'leaves no mask or word in its memory (%i words)',
    (length) => {
      const instance = instantiateRing();
      const { memory } = instance.exports as { memory: WebAssembly.Memory };
      const masks = [{ seed: seededRandom('wiped')(32), sign: 'add' }] as const;
      applyMasks(new Uint32Array(length).fill(5), masks, openSslPrgOn(instance));
      expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
    },
  );
});
