import { describe, expect, it } from 'vitest';
import { hexToBytes } from '#shared/base/bytes.ts';
import { seededRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { openSslSigner } from './openssl-signer.ts';

describe('signatures by OpenSSL', () => {
  it('ID-1: has the public key of RFC 8032, section 7.1, test 1', () => {
    const seed = hexToBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
    const publicKey = hexToBytes('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(openSslSigner(seed).publicKey).toEqual(publicKey);
  });

  it('ID-1: signs as the reference does, whatever the key and the body', async () => {
    const random = seededRandom('openssl signer');
    for (let length = 0; length < 40; length++) {
      const [seed, body] = [random(32), random(length)];
      const [ours, reference] = [openSslSigner(seed), nobleSigner(seed)];
      expect(ours.publicKey).toEqual(reference.publicKey);
      expect(await ours.sign('link', body)).toEqual(await reference.sign('link', body));
    }
  });

  it('leaves the seed as it was and refuses one of another length', () => {
    const seed = seededRandom('seed')(32);
    const before = seed.slice();
    openSslSigner(seed);
    expect(seed).toEqual(before);
    expect(() => openSslSigner(seed.subarray(1))).toThrow('secretKey: 31 bytes');
  });
});
