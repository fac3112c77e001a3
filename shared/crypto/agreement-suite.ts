/** What every implementation of `Agreement` must do; each runs it where it runs itself. */
import { expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { agree, generateKeyPair, type Agreement } from './agreement.ts';

/** RFC 7748: section 6.1 from both sides, then section 5.2 (its second u has the top bit set). */
const RFC_AGREEMENTS: readonly (readonly [secretKey: string, publicKey: string, secret: string])[] = [
  [
    '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  ],
  [
    '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  ],
  [
    'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  ],
  [
    '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  ],
];

const P = 2n ** 255n - 19n;
/** The orders 1, 2, 4 and 8 of the curve and its twist, and their non-canonical encodings (cr.yp.to/ecdh). */
const SMALL_ORDER_U: readonly bigint[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
];

export const encodeU = (u: bigint): Uint8Array => hexToBytes(u.toString(16).padStart(64, '0')).reverse();

/** All small-order public keys, with and without the top bit, which X25519 masks off. */
export const SMALL_ORDER_KEYS: readonly Uint8Array[] = SMALL_ORDER_U.flatMap((u) => {
  const key = encodeU(u);
  return [key, Uint8Array.from(key, (byte, index) => (index === 31 ? byte | 0x80 : byte))];
});

/** Declares the tests; `start` gives the implementation. */
export function agreementSuite(start: () => Promise<Agreement>): void {
  it.each(RFC_AGREEMENTS)('MASK-1: agrees with RFC 7748 (%s)', async (secretKey, publicKey, secret) => {
    const agreement = await start();
    expect(await agreement.agreeAll(hexToBytes(secretKey), [hexToBytes(publicKey)])).toEqual([
      { ok: true, value: hexToBytes(secret) },
    ]);
  });

  it('MASK-1: agrees with the reference for many keys at once, in their order', async () => {
    const random = seededRandom('agreement');
    const { secretKey } = generateKeyPair(random);
    // Ordinary keys, and any bytes at all: half of those lie on the twist, some beyond p or with the top bit.
    const publicKeys = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0 ? generateKeyPair(random).publicKey : random(32),
    );
    publicKeys.push(encodeU(P + 2n), encodeU(2n ** 255n - 1n), encodeU(9n));
    const agreed = await (await start()).agreeAll(secretKey, publicKeys);
    expect(agreed).toEqual(publicKeys.map((publicKey) => agree(secretKey, publicKey)));
    expect(new Set(agreed.map((one) => (one.ok ? bytesToHex(one.value) : ''))).size).toBe(43);
  });

  it('MASK-1: rejects each key of small order, and those alone', async () => {
    const { secretKey, publicKey } = generateKeyPair(seededRandom('small order'));
    const agreed = await (await start()).agreeAll(secretKey, [publicKey, ...SMALL_ORDER_KEYS, publicKey]);
    const sound = agree(secretKey, publicKey);
    const rejected = { ok: false, fault: { code: 'small-order-key' } };
    expect(sound.ok).toBe(true);
    expect(agreed).toEqual([sound, ...SMALL_ORDER_KEYS.map(() => rejected), sound]);
  });

  it('leaves the keys as they were, and agrees with nobody about nothing', async () => {
    const { secretKey, publicKey } = generateKeyPair(seededRandom('unchanged'));
    const [secret, open] = [secretKey.slice(), publicKey.slice()];
    const agreement = await start();
    await agreement.agreeAll(secretKey, [publicKey]);
    expect([secretKey, publicKey]).toEqual([secret, open]);
    expect(await agreement.agreeAll(secretKey, [])).toEqual([]);
  });
}
