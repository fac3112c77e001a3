import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { equalSecrets, openAccess, randomText, SESSION_SECONDS } from './access.ts';
import type { Store } from './store/port.ts';
import { openSqliteStore } from './store/sqlite.ts';

describe('the admin’s access', () => {
  let store: Store;
  beforeEach(() => {
    store = openSqliteStore(':memory:');
  });
  afterEach(async () => {
    vi.useRealTimers();
    await store.close();
  });

  it('is by a token that is made at the first start, told once, and stored as a hash alone', async () => {
    const { freshToken } = await openAccess(store, false);
    expect(freshToken).toMatch(/^[\w-]{43}$/);
    expect(await store.adminTokenHash()).toMatch(/^[0-9a-f]{64}$/);
    const again = await openAccess(store, false);
    expect(again.freshToken).toBeNull();
    expect(await again.signIn(freshToken ?? '')).not.toBeNull();
  });

  it('takes the right token and no other', async () => {
    const { freshToken, signIn, isSession } = await openAccess(store, false);
    for (const wrong of [
      '',
      'token',
      `${freshToken}x`,
      freshToken?.slice(1) ?? '',
      (await store.adminTokenHash()) ?? '',
    ])
      expect(await signIn(wrong)).toBeNull();
    const session = await signIn(freshToken ?? '');
    expect(session).toMatch(/^[\w-]{43}$/);
    expect(await isSession(session ?? '')).toBe(true);
    expect(await isSession(freshToken ?? '')).toBe(false);
  });

  it('ends with signing out, for that session', async () => {
    const { freshToken, signIn, signOut, isSession } = await openAccess(store, false);
    const [one, two] = [await signIn(freshToken ?? ''), await signIn(freshToken ?? '')];
    await signOut(one ?? '');
    expect(await isSession(one ?? '')).toBe(false);
    expect(await isSession(two ?? '')).toBe(true);
  });

  it('ends for everyone with a new token', async () => {
    const before = await openAccess(store, false);
    const session = await before.signIn(before.freshToken ?? '');
    const after = await openAccess(store, true);
    expect(after.freshToken).not.toBe(before.freshToken);
    expect(await after.isSession(session ?? '')).toBe(false);
    expect(await after.signIn(before.freshToken ?? '')).toBeNull();
    expect(await after.signIn(after.freshToken ?? '')).not.toBeNull();
  });

  it('ends after thirty days', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { freshToken, signIn, isSession } = await openAccess(store, false);
    const session = await signIn(freshToken ?? '');
    expect(SESSION_SECONDS).toBe(30 * 24 * 3_600);
    vi.setSystemTime(Date.now() + 1_000 * SESSION_SECONDS - 1);
    expect(await isSession(session ?? '')).toBe(true);
    vi.setSystemTime(Date.now() + 1);
    expect(await isSession(session ?? '')).toBe(false);
  });
});

describe('secrets', () => {
  it('are equal where every character is', () => {
    expect(equalSecrets('abc', 'abc')).toBe(true);
    for (const other of ['abd', 'ab', 'abcd', '']) expect(equalSecrets('abc', other)).toBe(false);
  });

  it('have the asked number of random bytes, in base64url', () => {
    expect(Buffer.from(randomText(16), 'base64url')).toHaveLength(16);
    expect(randomText(16)).not.toBe(randomText(16));
  });
});
