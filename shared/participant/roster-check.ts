/**
 * ROSTER-5: before anything is shared, every neighbour's advertise is the one that the roster lists, is signed by
 * that neighbour, and comes with an invitation that holds; and the graph is computed, not believed.
 */
import { equalBytes, hexToBytes } from '../base/bytes.ts';
import type { ParticipantId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Advertise, Offer } from '../protocol/messages/directions.ts';
import {
  sharedPersonalInvitations,
  type InvitationFault,
  type VerifiedChain,
} from '../protocol/invitation.ts';
import { advertiseBody, advertiseDigest, type RosterEntry } from '../protocol/transcript.ts';
import type { Seat } from '../round/client/types.ts';
import { dropoutsOf } from '../round/coordinator/cohort-sets.ts';
import { neighbourhoods } from '../round/graph.ts';
import { graphParameters } from '../round/parameters.ts';

/** Whether an invitation leads to a participant. */
export type Inspect = (
  chain: Uint8Array,
  participant: ParticipantId,
) => Result<VerifiedChain, InvitationFault>;

export interface RosterTerms {
  readonly self: ParticipantId;
  readonly offer: Offer;
  /** Hex. */
  readonly root: string;
  readonly entries: readonly RosterEntry[];
  /** As they came with the roster. */
  readonly advertises: readonly Advertise[];
}

export class RosterCheck {
  readonly entries: readonly RosterEntry[];
  readonly seat: Seat;
  /** Of every neighbour, by roster index. */
  readonly advertises: ReadonlyMap<number, Advertise>;
  /** Of every neighbour, verified. */
  readonly chains: ReadonlyMap<ParticipantId, VerifiedChain>;

  private constructor(
    entries: readonly RosterEntry[],
    seat: Seat,
    advertises: ReadonlyMap<number, Advertise>,
    chains: ReadonlyMap<ParticipantId, VerifiedChain>,
  ) {
    this.entries = entries;
    this.seat = seat;
    this.advertises = advertises;
    this.chains = chains;
  }

  /** `inspect` says why an invitation does not hold. Rejects with a sentence. */
  static async of(
    terms: RosterTerms,
    suite: CryptoSuite,
    inspect: Inspect,
  ): Promise<Result<RosterCheck, string>> {
    const { entries } = terms;
    const seat = seatOf(terms);
    if (!seat.ok) return seat;
    const byDigest = new Map(terms.advertises.map((advertise) => [advertiseDigest(advertise), advertise]));
    const advertises = new Map<number, Advertise>();
    const chains = new Map<ParticipantId, VerifiedChain>();
    for (const index of seat.value.neighbours) {
      const entry = entries[index];
      invariant(entry, 'neighbours are in the roster');
      const advertise = byDigest.get(entry.digest);
      if (advertise === undefined) return fail('The roster came without the keys of a neighbour.');
      const chain = chainOf(advertise, entry.participant, inspect);
      if (!chain.ok) return chain;
      chains.set(entry.participant, chain.value);
      advertises.set(index, advertise);
    }
    if (sharedPersonalInvitations(chains).size > 0)
      return fail('Two neighbours came with one personal invitation.');
    const signed = await suite.verifyAll(
      [...advertises.values()].map((advertise) => ({
        domain: 'advertise' as const,
        body: advertiseBody(advertise),
        signature: advertise.signature,
        publicKey: advertise.participant,
      })),
    );
    if (signed.includes(false)) return fail('The keys of a neighbour are not signed by it.');
    return ok(new RosterCheck(entries, seat.value, advertises, chains));
  }
}

function chainOf(
  advertise: Advertise,
  participant: ParticipantId,
  inspect: Inspect,
): Result<VerifiedChain, string> {
  if (!equalBytes(advertise.participant, hexToBytes(participant)))
    return fail('The keys of a neighbour name somebody else.');
  const chain = inspect(advertise.chain, participant);
  return chain.ok ? chain : fail(`A neighbour is not invited: of its invitation, ${chain.fault}.`);
}

/** Own place, neighbours and threshold, computed from the list alone. */
function seatOf({ self, offer, root, entries }: RosterTerms): Result<Seat, string> {
  const index = entries.findIndex((entry) => entry.participant === self);
  invariant(index >= 0, 'the machine has found this participant in the roster');
  const parameters = graphParameters({
    cohort: entries.length,
    accomplices: offer.accomplices,
    dropouts: dropoutsOf(entries.length, offer.dropoutPerMille),
    coordinator: 'active',
  });
  if (!parameters.ok) return fail(`No graph protects this cohort: ${parameters.fault}.`);
  const all = neighbourhoods(entries.length, parameters.value, hexToBytes(root));
  const neighbours = all[index] ?? [];
  const holders = parameters.value.graph === 'complete' ? entries.map((_, holder) => holder) : neighbours;
  const { threshold } = parameters.value;
  return ok({ root, size: entries.length, self: index, neighbours, holders, threshold });
}
