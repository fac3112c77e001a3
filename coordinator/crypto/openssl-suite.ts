/** A round's cryptography on OpenSSL, for the coordinator and for participants in Node. */
import { createHash, verify, type KeyObject } from 'node:crypto';
import { bytesToHex } from '#shared/base/bytes.ts';
import { isWellFormed, signedMessage, type SignatureCheck } from '#shared/crypto/identity.ts';
import { SoundKeys } from '#shared/crypto/sound-keys.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import { openSslAgreement } from './openssl-agreement.ts';
import { publicKeyOf } from './openssl-keys.ts';
import { openSslPrg } from './openssl-prg.ts';

const keys = new SoundKeys();
/** Of sound keys, by their hex: a round verifies each neighbour three times. The oldest is forgotten beyond these. */
const imported = new Map<string, KeyObject>();
const MAX_IMPORTED = 4_096;

export const openSslSuite: CryptoSuite = {
  prg: openSslPrg,
  agreement: openSslAgreement,
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  verify: verifyStrictly,
  verifyAll: async (checks) => checks.map(verifyStrictly),
};

/** OpenSSL's equation has no cofactor and its S is below the order; what it takes for a key is ours to look at. */
function verifyStrictly({ domain, body, signature, publicKey }: SignatureCheck): boolean {
  if (!isWellFormed(signature, publicKey, (key) => keys.isSound(key))) return false;
  return verify(null, signedMessage(domain, body), keyObjectOf(publicKey), signature);
}

function keyObjectOf(publicKey: Uint8Array): KeyObject {
  const name = bytesToHex(publicKey);
  const known = imported.get(name);
  if (known !== undefined) return known;
  const key = publicKeyOf('ed25519', publicKey);
  const oldest = imported.keys().next();
  if (imported.size >= MAX_IMPORTED && oldest.done !== true) imported.delete(oldest.value);
  imported.set(name, key);
  return key;
}
