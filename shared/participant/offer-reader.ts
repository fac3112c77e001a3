/** An offer as it comes: whether it is one for this participant (OFFER-3), and what its round begins with. */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { decodeOffer } from '../protocol/codec.ts';
import { verifyChain } from '../protocol/invitation.ts';
import { MAX_COHORT, MAX_VECTOR_WORDS, MIN_COHORT } from '../protocol/limits.ts';
import type { ToParticipantOf } from '../protocol/messages/directions.ts';
import { sidOfOffer } from '../protocol/transcript.ts';
import type { ClientPolicy } from '../round/client/types.ts';
import type { Agreement } from './agreement.ts';
import type { RoundContext } from './participant-round.ts';
import type { ParticipantPorts } from './ports.ts';
import type { Inspect } from './roster-check.ts';
import type { Seated } from './seat.ts';
import type { Self } from './self.ts';

/** So often is one model tried without noise after this participant has revealed its shares for it. */
export const MAX_REPEATS = 3;

/** What a participant insists on, whatever it is offered. */
const POLICY: Omit<ClientPolicy, 'ownLimit' | 'promised' | 'rounds' | 'ledger' | 'revealed'> = {
  minCohort: MIN_COHORT,
  minSurvivors: MIN_COHORT,
  minHonest: 2,
  maxVectorWords: MAX_VECTOR_WORDS,
  maxEpochs: 100,
  maxRepeats: MAX_REPEATS,
};

export class OfferReader {
  readonly #ports: ParticipantPorts;
  readonly #agreement: Agreement;
  readonly #adminKey: Uint8Array;
  /** Attempts that ended unopened after this participant had revealed its shares, by model. */
  readonly #revealed = new Map<string, number>();
  readonly #chains = new Map<string, ReturnType<Inspect>>();

  /** `adminKey` is that of this participant's own link. */
  constructor(ports: ParticipantPorts, agreement: Agreement, adminKey: Uint8Array) {
    this.#ports = ports;
    this.#agreement = agreement;
    this.#adminKey = adminKey;
  }

  /** Null where it is not signed, not of this run, or was joined before; it is stored as seen otherwise. */
  async read(
    { terms, signature }: ToParticipantOf<'offer'>,
    self: Self,
    { welcome, examples }: Seated,
    coordinatorKey: Uint8Array,
  ): Promise<RoundContext | null> {
    const { id, run, signer, chain } = self;
    const offer = decodeOffer(terms);
    if (!offer.ok || offer.value.run !== run) return null;
    const sid = sidOfOffer(terms, coordinatorKey);
    const check = { domain: 'offer', body: terms, signature, publicKey: coordinatorKey } as const;
    const [valid] = await this.#ports.suite.verifyAll([check]);
    if (valid !== true || !(await this.#ports.attempts.remember(sid, id))) return null;
    const entries = await this.#ports.ledger.entries();
    const ledger = entries.ok ? { entries: entries.value, run, self: id, sid } : null;
    return {
      run,
      self: id,
      signer,
      chain,
      inspect: this.#inspectIn(self),
      coordinatorKey,
      sid,
      offer: offer.value,
      task: welcome.task,
      examples,
      shard: welcome.shard,
      policy: { ...POLICY, ...this.#agreement.policy, ledger, revealed: this.#revealed },
    };
  }

  /** An attempt at this model was aborted after this participant had revealed. */
  revealedInVain(modelHash: Uint8Array): void {
    const model = bytesToHex(modelHash);
    this.#revealed.set(model, (this.#revealed.get(model) ?? 0) + 1);
  }

  /** INVITE-2: a peer's invitation must come from the admin of this tab's own link. */
  #inspectIn =
    ({ run }: Self): Inspect =>
    (chain, participant) => {
      const key = `${participant} ${bytesToHex(chain)}`;
      const known = this.#chains.get(key);
      if (known) return known;
      const verified = verifyChain(chain, {
        run,
        adminKey: this.#adminKey,
        identity: hexToBytes(participant),
        nowSeconds: Math.floor(this.#ports.clock.nowMs() / 1_000),
        verify: this.#ports.suite.verify,
      });
      // Peers come back every round.
      if (this.#chains.size < MAX_COHORT) this.#chains.set(key, verified);
      return verified;
    };
}
