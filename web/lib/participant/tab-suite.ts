/**
 * A round's cryptography in a tab: masks by wasm SIMD, agreement and verification by WebCrypto; noble where the
 * browser, or a plain-http page, lacks one of them.
 */
import { isWellFormed, signedMessage, verify, type SignatureCheck } from '#shared/crypto/identity.ts';
import { SoundKeys } from '#shared/crypto/sound-keys.ts';
import { nobleSuite, type CryptoSuite } from '#shared/crypto/suite.ts';
import { fastestPrg } from '#shared/crypto/wasm-prg.ts';
import { browserAgreement } from './web-crypto-agreement.ts';

const ED25519 = { name: 'Ed25519' };

export async function tabSuite(): Promise<CryptoSuite> {
  // Missing on plain-http pages, whatever the types say.
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  const [prg, agreement] = await Promise.all([fastestPrg(), browserAgreement(subtle)]);
  const hasEd25519 = subtle !== undefined && (await canVerify(subtle));
  return {
    prg,
    agreement,
    sha256: nobleSuite.sha256,
    verify,
    verifyAll: hasEd25519 ? webCryptoVerifier(subtle) : async (checks) => checks.map(verify),
  };
}

/** Chromium 137, Firefox 129 and Safari 17 have it. */
async function canVerify(subtle: SubtleCrypto): Promise<boolean> {
  try {
    // The base point: any key will do.
    const point = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x58 : 0x66));
    const key = await subtle.importKey('raw', point, ED25519, false, ['verify']);
    await subtle.verify(ED25519, key, new Uint8Array(64), new Uint8Array());
    return true;
  } catch {
    return false;
  }
}

/** WebCrypto's equation has no cofactor; what it takes for a key is ours to look at (crypto/identity). */
function webCryptoVerifier(subtle: SubtleCrypto): CryptoSuite['verifyAll'] {
  const keys = new SoundKeys();
  const verifyOne = async ({ domain, body, signature, publicKey }: SignatureCheck): Promise<boolean> => {
    if (!isWellFormed(signature, publicKey, (encoded) => keys.isSound(encoded))) return false;
    const key = await subtle.importKey('raw', Uint8Array.from(publicKey), ED25519, false, ['verify']);
    return subtle.verify(ED25519, key, Uint8Array.from(signature), signedMessage(domain, body));
  };
  return (checks) => Promise.all(checks.map(verifyOne));
}
