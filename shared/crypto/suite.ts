/**
 * The slow parts of a round's cryptography behind one port: each runtime brings its fastest implementation, all of
 * them give the same bytes (tests), and the reference is noble everywhere.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { nobleAgreement, type Agreement } from './agreement.ts';
import { verify, type SignatureCheck } from './identity.ts';
import { noblePrg, type Prg } from './mask.ts';

export interface CryptoSuite {
  readonly prg: Prg;
  readonly agreement: Agreement;
  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  /** At once, where an answer cannot wait; what `verifyAll` says of one check. */
  verify(check: SignatureCheck): boolean;
  /** For each check whether the signature holds, strictly (crypto/identity). */
  verifyAll(checks: readonly SignatureCheck[]): Promise<readonly boolean[]>;
}

/** The reference implementations. */
export const nobleSuite: CryptoSuite = {
  prg: noblePrg,
  agreement: nobleAgreement,
  sha256: (bytes) => Uint8Array.from(sha256(bytes)),
  verify,
  verifyAll: async (checks) => checks.map(verify),
};
