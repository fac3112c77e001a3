/** What every verifier of Ed25519 signatures must answer; each runs it where it runs itself. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { expect, it } from 'vitest';
import { concatBytes, hexToBytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { seededRandom } from '../base/random.ts';

/** Of a message without a domain (crypto/identity, `verifyBytes`). */
export type VerifyBytes = (
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
) => boolean | Promise<boolean>;

export interface SignatureVector {
  readonly what: string;
  readonly message: string;
  readonly publicKey: string;
  readonly signature: string;
}

/** RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc). */
export const RFC_SIGNATURES: readonly (SignatureVector & { readonly secretKey: string })[] = [
  {
    what: 'TEST 1',
    secretKey: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    what: 'TEST 2',
    secretKey: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    what: 'TEST 3',
    secretKey: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    what: 'TEST SHA(abc)',
    secretKey: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

const MESSAGES = [
  '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
  '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
  'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
  '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
  '9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41',
] as const;
const SMALL = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa';
const MIXED = 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43';
const MIXED_TOO = 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d';
const PRIME = '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623';
const NEGATIVE_ZERO = 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff';

/**
 * The twelve edge cases of "Taming the many EdDSAs" (ed25519-speccheck, 0 to 11). `lenient` is what a verifier by
 * the rules of ZIP 215 says (the paper's row for Zebra): that the bytes here are the published ones shows there.
 */
export const SPECCHECK: readonly (SignatureVector & { readonly lenient: boolean })[] = [
  {
    what: '0: A and R of small order, S = 0',
    message: MESSAGES[0],
    publicKey: SMALL,
    signature: `c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a${'00'.repeat(32)}`,
    lenient: true,
  },
  {
    what: '1: A of small order, R mixed',
    message: MESSAGES[1],
    publicKey: SMALL,
    signature: `${MIXED}a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04`,
    lenient: true,
  },
  {
    what: '2: A mixed, R of small order',
    message: 'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
    publicKey: MIXED,
    signature: `${SMALL}8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e`,
    lenient: true,
  },
  {
    what: '3: A and R mixed, with and without the cofactor',
    message: MESSAGES[1],
    publicKey: MIXED_TOO,
    signature:
      '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
    lenient: true,
  },
  {
    what: '4: A and R mixed, with the cofactor alone',
    message: MESSAGES[2],
    publicKey: MIXED_TOO,
    signature:
      '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
    lenient: true,
  },
  {
    what: '5: A mixed, R of order L, with the cofactor alone',
    message: MESSAGES[2],
    publicKey: MIXED_TOO,
    signature:
      '21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405',
    lenient: true,
  },
  {
    what: '6: S > L',
    message: MESSAGES[3],
    publicKey: PRIME,
    signature:
      'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
    lenient: false,
  },
  {
    what: '7: S far over L',
    message: MESSAGES[3],
    publicKey: PRIME,
    signature:
      '8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22',
    lenient: false,
  },
  {
    what: '8: R of small order, not canonical, reduced before hashing',
    message: MESSAGES[4],
    publicKey: MIXED,
    signature: `${NEGATIVE_ZERO}03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f`,
    lenient: false,
  },
  {
    what: '9: R of small order, not canonical, hashed as it is',
    message: MESSAGES[4],
    publicKey: MIXED,
    signature: `${NEGATIVE_ZERO}ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908`,
    lenient: true,
  },
  {
    what: '10: A of small order, not canonical, reduced before hashing',
    message: 'e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b',
    publicKey: NEGATIVE_ZERO,
    signature:
      'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    lenient: true,
  },
  {
    what: '11: A of small order, not canonical, hashed as it is',
    message: '39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f',
    publicKey: NEGATIVE_ZERO,
    signature:
      'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    lenient: true,
  },
];

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const scalarOf = (bytes: Uint8Array): bigint => Point.Fn.create(BigInt(`0x${littleEndianHex(bytes)}`));
const littleEndianHex = (bytes: Uint8Array): string =>
  [...bytes].reverse().reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '');

/** The eight points whose order divides 8, the neutral one first: L times some point of order 8 L, over and over. */
export function torsionPoints(): readonly (typeof Point.BASE)[] {
  const points = [Point.ZERO];
  // This encoding of a point of order 8 is one of the published small-order keys.
  const generator = Point.fromBytes(hexToBytes(SMALL), false);
  while (points.length < 8) {
    const last = points.at(-1);
    invariant(last, 'never empty');
    points.push(last.add(generator));
  }
  return points;
}

/**
 * A signature whose A and R have the given small-order parts and which the equation with the cofactor accepts.
 * It is the honest signature where both parts are the neutral point.
 */
function craftedSignature(partOfA: typeof Point.BASE, partOfR: typeof Point.BASE, label: string) {
  const random = seededRandom(label);
  const [a, r] = [scalarOf(random(32)), scalarOf(random(32))];
  const message = random(20);
  const publicKey = Point.BASE.multiply(a).add(partOfA).toBytes();
  const R = Point.BASE.multiply(r).add(partOfR).toBytes();
  const k = scalarOf(sha512(concatBytes(R, publicKey, message)));
  const signature = concatBytes(R, Point.Fn.toBytes(Point.Fn.create(r + k * a)));
  return { message, publicKey, signature };
}

/** Declares the tests; `start` gives the implementation. */
export function signatureSuite(start: () => Promise<VerifyBytes>): void {
  it.each(RFC_SIGNATURES)(
    'SIGN-1: accepts RFC 8032, $what, and no other message, key or signature',
    async ({ message, publicKey, signature }) => {
      const verify = await start();
      const [m, key, sig] = [hexToBytes(message), hexToBytes(publicKey), hexToBytes(signature)];
      expect(await verify(sig, m, key)).toBe(true);
      expect(await verify(sig, concatBytes(m, Uint8Array.of(0)), key)).toBe(false);
      for (const bit of [0, 100, 255, 256, 300, 500]) {
        const bent = sig.slice();
        bent[bit >> 3] = (bent[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(await verify(bent, m, key), `bit ${bit}`).toBe(false);
      }
      for (const other of RFC_SIGNATURES)
        if (other.publicKey !== publicKey)
          expect(await verify(sig, m, hexToBytes(other.publicKey))).toBe(false);
    },
  );

  it.each(SPECCHECK)('SIGN-2: rejects edge case $what', async ({ message, publicKey, signature }) => {
    const verify = await start();
    expect(await verify(hexToBytes(signature), hexToBytes(message), hexToBytes(publicKey))).toBe(false);
  });

  it('SIGN-2: rejects every small-order part of the key and of R, and accepts the same without', async () => {
    const verify = await start();
    const torsion = torsionPoints();
    const accepted: string[] = [];
    for (const [i, partOfA] of torsion.entries())
      for (const [j, partOfR] of torsion.entries()) {
        const { signature, message, publicKey } = craftedSignature(partOfA, partOfR, `parts ${i} ${j}`);
        // Else the case would show nothing.
        expect(ed25519.verify(signature, message, publicKey, { zip215: true })).toBe(true);
        if (await verify(signature, message, publicKey)) accepted.push(`${i} ${j}`);
      }
    expect(accepted).toEqual(['0 0']);
  });

  it('SIGN-2: rejects S + L where it accepts S', async () => {
    const verify = await start();
    const { signature, message, publicKey } = craftedSignature(Point.ZERO, Point.ZERO, 'malleable');
    const S = BigInt(`0x${littleEndianHex(signature.subarray(32))}`);
    const larger = hexToBytes((S + L).toString(16).padStart(64, '0')).reverse();
    expect(await verify(signature, message, publicKey)).toBe(true);
    expect(await verify(concatBytes(signature.subarray(0, 32), larger), message, publicKey)).toBe(false);
  });

  it('SIGN-2: rejects the neutral point as R, whatever the key', async () => {
    const verify = await start();
    const random = seededRandom('neutral R');
    const a = scalarOf(random(32));
    const publicKey = Point.BASE.multiply(a).toBytes();
    const [R, message] = [Point.ZERO.toBytes(), random(20)];
    const k = scalarOf(sha512(concatBytes(R, publicKey, message)));
    const signature = concatBytes(R, Point.Fn.toBytes(Point.Fn.create(k * a)));
    expect(ed25519.verify(signature, message, publicKey, { zip215: true })).toBe(true);
    expect(await verify(signature, message, publicKey)).toBe(false);
  });

  it.each([0, 63, 65])('SIGN-2: rejects a signature of %i bytes without throwing', async (length) => {
    const verify = await start();
    const { signature, message, publicKey } = craftedSignature(Point.ZERO, Point.ZERO, 'length');
    const other = Uint8Array.from({ length }, (_, index) => signature[index] ?? 0);
    expect(await verify(other, message, publicKey)).toBe(false);
  });

  it.each([0, 31, 33])('SIGN-2: rejects a key of %i bytes without throwing', async (length) => {
    const verify = await start();
    const { signature, message, publicKey } = craftedSignature(Point.ZERO, Point.ZERO, 'length');
    const other = Uint8Array.from({ length }, (_, index) => publicKey[index] ?? 0);
    expect(await verify(signature, message, other)).toBe(false);
  });
}
