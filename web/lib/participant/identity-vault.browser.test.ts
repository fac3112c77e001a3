import { openDB } from 'idb';
import { beforeEach, describe, expect, it } from 'vitest';
import { bytesToBase64Url, hexToBytes } from '#shared/base/bytes.ts';
import { isRunId, type RunId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { seededRandom, systemRandom } from '#shared/base/random.ts';
import { isWellFormed, nobleSigner, verify, type Signer } from '#shared/crypto/identity.ts';
import { RFC_SIGNATURES, signatureSuite } from '#shared/crypto/signature-suite.ts';
import { IdentityVault, webCryptoSigner, type VaultSources } from './identity-vault.ts';

const { subtle } = crypto;
/** What comes before the 32 bytes of a secret key in DER (RFC 8410, section 7). */
const PKCS8_PREFIX = hexToBytes('302e020100300506032b657004220420');
/** Web Locks of tabs that have all ended: each vault is the first, as after a reload. */
const noOtherTab: LockManager = Object.create(navigator.locks, {
  request: {
    value: async (_name: string, _options: LockOptions, run: LockGrantedCallback<void>) =>
      run({ name: '', mode: 'exclusive' }),
  },
});

let database = '';
beforeEach(() => void (database = `chorale-test-${bytesToBase64Url(systemRandom(9))}`));

function freshRun(): RunId {
  const run = bytesToBase64Url(systemRandom(12));
  invariant(isRunId(run), '12 bytes are a run id');
  return run;
}
/** The vault of a page that was just loaded. */
const reloaded = (sources: Partial<VaultSources> = {}) =>
  new IdentityVault({ database, locks: noOtherTab, ...sources });

async function keptRows(): Promise<{ publicKey: Uint8Array; secret: CryptoKey | Uint8Array }[]> {
  const db = await openDB(database, 1);
  const rows = await db.getAll('identities');
  db.close();
  return rows;
}

async function expectSigns(signer: Signer): Promise<void> {
  const body = Uint8Array.of(1, 2, 3);
  const signature = await signer.sign('hello', body);
  expect(verify({ domain: 'hello', body, signature, publicKey: signer.publicKey })).toBe(true);
}

describe('a tab’s identities', () => {
  it('ID-1: is the same after a reload, and signs', async () => {
    const run = freshRun();
    const before = await reloaded().open(run);
    const after = await reloaded().open(run);
    expect(after.signer.publicKey).toEqual(before.signer.publicKey);
    await expectSigns(before.signer);
    await expectSigns(after.signer);
  });

  it('ID-1: is a key that the browser never gives out', async () => {
    await reloaded().open(freshRun());
    const [row] = await keptRows();
    invariant(row && row.secret instanceof CryptoKey, 'WebCrypto’s is kept');
    const { secret } = row;
    expect(secret).toMatchObject({ extractable: false, type: 'private', usages: ['sign'] });
    for (const format of ['pkcs8', 'jwk'] as const)
      await expect(subtle.exportKey(format, secret)).rejects.toThrow(/not extractable/);
  });

  it('ID-1: is another for another run, and for another tab of the profile', async () => {
    const run = freshRun();
    const real = (sources: Partial<VaultSources> = {}) => new IdentityVault({ database, ...sources });
    const [one, two] = [real(), real()];
    const here = await one.open(run);
    const beside = await two.open(run);
    const elsewhere = await one.open(freshRun());
    const keys = [here, beside, elsewhere].map(({ signer }) => bytesToBase64Url(signer.publicKey));
    expect(new Set(keys).size).toBe(3);
    expect([here.slot, beside.slot, elsewhere.slot]).toEqual([0, 1, 0]);
    expect([await one.slotOf(run), await two.slotOf(run), await two.slotOf(freshRun())]).toEqual([
      0,
      1,
      null,
    ]);
  });

  it('ID-1: a tab that opens it twice has one slot and one identity', async () => {
    const run = freshRun();
    const vault = new IdentityVault({ database });
    const [one, two] = await Promise.all([vault.open(run), vault.open(run)]);
    const three = await vault.open(run);
    expect(two.signer.publicKey).toEqual(one.signer.publicKey);
    expect(three.signer.publicKey).toEqual(one.signer.publicKey);
    expect([one.slot, two.slot, three.slot]).toEqual([0, 0, 0]);
  });

  it('ID-2: exactly one tab of a profile is its slot 0, whatever slots were remembered', async () => {
    const run = freshRun();
    const high = await new IdentityVault({ database, rememberedSlot: 3 }).open(run);
    const low = await new IdentityVault({ database }).open(run);
    expect([high.slot, low.slot]).toEqual([0, 1]);
  });

  it('ID-1: a reload with its slot remembered finds that slot’s identity', async () => {
    const run = freshRun();
    const before = await reloaded({ rememberedSlot: 5 }).open(run);
    expect((await reloaded({ rememberedSlot: 5 }).open(run)).signer.publicKey).toEqual(
      before.signer.publicKey,
    );
    expect((await reloaded().open(run)).signer.publicKey).not.toEqual(before.signer.publicKey);
  });

  it('is deleted for all tabs', async () => {
    const run = freshRun();
    const before = await reloaded().open(run);
    await reloaded().clear();
    expect(await keptRows()).toEqual([]);
    expect((await reloaded().open(run)).signer.publicKey).not.toEqual(before.signer.publicKey);
  });
});

describe('where the browser lacks something', () => {
  const olderSubtle: SubtleCrypto = Object.create(subtle, {
    generateKey: { value: async () => Promise.reject(new DOMException('', 'NotSupportedError')) },
  });

  it.each([
    ['WebCrypto', undefined],
    ['Ed25519 in it', olderSubtle],
  ])(
    'ID-3: without %s, a seed is kept and gives the same identity after a reload',
    async (_what, lacking) => {
      const run = freshRun();
      const random = seededRandom('seed of a tab');
      const before = await reloaded({ subtle: lacking, random }).open(run);
      const after = await reloaded({ subtle: lacking }).open(run);
      expect(after.signer.publicKey).toEqual(before.signer.publicKey);
      expect(before.signer.publicKey).toEqual(nobleSigner(seededRandom('seed of a tab')(32)).publicKey);
      expect((await keptRows()).map(({ secret }) => secret)).toEqual([seededRandom('seed of a tab')(32)]);
      await expectSigns(after.signer);
    },
  );

  it('ID-3: a browser that cannot keep the key it made keeps a seed', async () => {
    const unclonable: SubtleCrypto = Object.create(subtle, {
      generateKey: {
        value: async () => ({ publicKey: { of: 'public' }, privateKey: { cannotBeCloned: () => {} } }),
      },
      exportKey: { value: async () => new ArrayBuffer(32) },
    });
    const run = freshRun();
    const before = await reloaded({ subtle: unclonable }).open(run);
    expect((await reloaded({ subtle: unclonable }).open(run)).signer.publicKey).toEqual(
      before.signer.publicKey,
    );
    await expectSigns(before.signer);
  });

  it('ID-3: a key that WebCrypto made is used after a reload, and a seed of before an update, too', async () => {
    const run = freshRun();
    const seedOnly = await reloaded({ subtle: undefined }).open(run);
    expect((await reloaded().open(run)).signer.publicKey).toEqual(seedOnly.signer.publicKey);
  });

  it('ID-3: without Web Locks each page load has a fresh identity, which is not kept', async () => {
    const run = freshRun();
    const one = await reloaded({ locks: undefined }).open(run);
    const two = await reloaded({ locks: undefined }).open(run);
    expect(two.signer.publicKey).not.toEqual(one.signer.publicKey);
    expect([one.slot, two.slot]).toEqual([null, null]);
    await expectSigns(one.signer);
  });

  it('ID-3: without Web Locks, too, a page has one identity while it lives', async () => {
    const [vault, run] = [reloaded({ locks: undefined }), freshRun()];
    const [one, two] = [await vault.open(run), await vault.open(run)];
    expect(two.signer.publicKey).toEqual(one.signer.publicKey);
  });

  it('ID-3: without IndexedDB the identity is fresh, and signs', async () => {
    // A database of a later version refuses to open as an earlier one.
    (await openDB(database, 7)).close();
    const { signer, slot } = await reloaded().open(freshRun());
    await expectSigns(signer);
    expect(slot).toBe(0);
  });
});

describe('webCryptoSigner', () => {
  it.each(RFC_SIGNATURES)(
    'SIGN-1: signs the bytes that noble signs (key of $what)',
    async ({ secretKey }) => {
      const seed = hexToBytes(secretKey);
      const reference = nobleSigner(seed);
      const pkcs8 = Uint8Array.of(...PKCS8_PREFIX, ...seed);
      const key = await subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
      const signer = webCryptoSigner(subtle, reference.publicKey, key);
      for (const body of [new Uint8Array(), Uint8Array.of(1), seededRandom('body')(1_000)])
        expect(await signer.sign('confirm', body)).toEqual(await reference.sign('confirm', body));
    },
  );
});

describe('the verifier of this browser, behind isWellFormed', () => {
  signatureSuite(async () => async (signature, message, publicKey) => {
    if (!isWellFormed(signature, publicKey)) return false;
    const key = await subtle.importKey('raw', Uint8Array.from(publicKey), 'Ed25519', false, ['verify']);
    return subtle.verify('Ed25519', key, Uint8Array.from(signature), Uint8Array.from(message));
  });
});
