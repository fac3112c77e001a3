/** Who may come to a run: its links, and the chains that lead from them to identities. */
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import { systemRandom } from '#shared/base/random.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import {
  decodeInvitation,
  lastingFragment,
  verifyChain,
  type InvitationFault,
  type VerifiedChain,
} from '#shared/protocol/invitation.ts';
import { MAX_COHORT } from '#shared/protocol/limits.ts';
import type { RunRecord } from './store/port.ts';

type Invited = Pick<RunRecord, 'id' | 'invitation' | 'settings'>;

export class RunInvitations {
  readonly #run: Invited;
  /** Of this coordinator. */
  readonly #signer: Signer;
  readonly #suite: CryptoSuite;
  /** Verified at hello; one that is here keeps its place though its invitation expires. */
  readonly #chains = new Map<string, VerifiedChain>();

  /** The links of a run never change. */
  constructor(run: Invited, { signer, suite }: { readonly signer: Signer; readonly suite: CryptoSuite }) {
    this.#run = run;
    this.#signer = signer;
    this.#suite = suite;
  }

  /** Null where the admin keeps the key that invites. */
  get joinPath(): string | null {
    const { id, invitation, settings } = this.#run;
    return settings.adminKey === undefined ? `/join/${id}#${invitation}` : null;
  }

  /** A link for one participant, path and fragment; null where the admin keeps the key that invites. */
  async personalJoinPath(): Promise<string | null> {
    const { id, settings } = this.#run;
    if (settings.adminKey !== undefined) return null;
    return `/join/${id}#${await lastingFragment(this.#signer, id, 'personal', systemRandom(32))}`;
  }

  /** Whether an invitation chain leads from this run's admin to an identity (Ed25519 public key, 32 bytes). */
  inspect(chain: Uint8Array, identity: Uint8Array): Result<VerifiedChain, InvitationFault> {
    const key = `${bytesToHex(identity)} ${bytesToHex(chain)}`;
    const known = this.#chains.get(key);
    if (known !== undefined) return ok(known);
    const adminKey = this.#adminKey;
    if (adminKey === null) return fail('its admin did not sign it for this run');
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const { verify } = this.#suite;
    const verified = verifyChain(chain, { run: this.#run.id, adminKey, identity, nowSeconds, verify });
    if (verified.ok && this.#chains.size < 2 * MAX_COHORT) this.#chains.set(key, verified.value);
    return verified;
  }

  /** Null where nothing opens this run any more: it was made for another protocol. */
  get #adminKey(): Uint8Array | null {
    const { adminKey } = this.#run.settings;
    if (adminKey !== undefined) return hexToBytes(adminKey);
    const invitation = decodeInvitation(this.#run.invitation);
    return invitation.ok ? invitation.value.adminKey : null;
  }
}
