/**
 * Who may administer, and who may join. Of the admin token and of sessions only SHA-256 hashes are stored;
 * both hold 256 random bits, so that a fast hash suffices. Comparisons take the same time whatever differs.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Store } from './store/port.ts';

const SESSION_MS = 30 * 24 * 3_600_000;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export const equalSecrets = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(sha256(a)), Buffer.from(sha256(b)));

/** 16 random bytes, base64url: run ids have 12 of them, invitations 16. */
export const randomText = (bytes: number): string => randomBytes(bytes).toString('base64url');

export interface Access {
  /** The token where one was made now, null where the one printed at an earlier start still holds. */
  readonly freshToken: string | null;
  /** A session secret for the right token, null for a wrong one. */
  signIn(token: string): Promise<string | null>;
  isSession(secret: string): Promise<boolean>;
  signOut(secret: string): Promise<void>;
}

export const SESSION_SECONDS = SESSION_MS / 1_000;

export async function openAccess(store: Store, newToken: boolean): Promise<Access> {
  let tokenHash = await store.adminTokenHash();
  let freshToken: string | null = null;
  if (tokenHash === null || newToken) {
    freshToken = randomText(32);
    tokenHash = sha256(freshToken);
    await store.setAdminTokenHash(tokenHash);
  }
  const expected = Buffer.from(tokenHash);
  return {
    freshToken,
    signIn: async (token) => {
      if (!timingSafeEqual(Buffer.from(sha256(token)), expected)) return null;
      await store.removeExpiredSessions(Date.now());
      const secret = randomText(32);
      await store.addSession(sha256(secret), Date.now() + SESSION_MS);
      return secret;
    },
    isSession: async (secret) => {
      const expiresAtMs = await store.sessionExpiry(sha256(secret));
      return expiresAtMs !== null && expiresAtMs > Date.now();
    },
    signOut: (secret) => store.removeSession(sha256(secret)),
  };
}
