/** What a participant checks of an offer's noise, and of its own ledger, before it accepts (PRIVACY.md, "Ledger"). */
import { adaptsClip } from '../../privacy/adaptive-clip.ts';
import { epsilonOfOffer } from '../../privacy/mechanism-epsilon.ts';
import { isSound } from '../../privacy/mechanism-parameters.ts';
import { countedMechanism, type Caps, type CountedMechanism } from '../../privacy/ledger.ts';
import type { OfferedPrivacy } from '../../privacy/offered-privacy.ts';
import { refusalOf, type LedgerRefusal, type OwnLimits } from '../../privacy/participant-ledger.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import type { ClientPolicy } from './types.ts';

const UNLIMITED: Caps = { participations: Infinity, epsilon: Infinity, delta: 1e-5 };

/** What an entry for this offer says; without noise, that there is none. */
export const countedOffer = ({ privacy, vectorWords }: Offer): CountedMechanism =>
  privacy === null
    ? { mode: 'none', noiseSteps: 0, l1: 0, l2: 0, dimension: vectorWords, countedShares: 1 }
    : countedMechanism(privacy.mechanism);

export const limitsOf = ({ privacy }: Offer, { ownLimit }: ClientPolicy): OwnLimits => ({
  run: privacy?.caps ?? UNLIMITED,
  origin: ownLimit,
});

const REFUSALS: Readonly<Record<LedgerRefusal, string>> = {
  participations: 'This tab has taken part in this run as often as the run allows.',
  epsilon: 'One more round would pass the privacy budget of this run for this tab.',
  'own-epsilon':
    'One more round would pass this browser’s own privacy limit, over all runs it has joined here.',
  storage: 'This browser could not count its participation, so nothing was sent.',
};

export const refusalInWords = (refusal: LedgerRefusal): string => REFUSALS[refusal];

/** Why the noise of an offer, or what this participant has spent, forbids it, as a sentence; null where nothing does. */
export function privacyObjection(offer: Offer, parameters: number, policy: ClientPolicy): string | null {
  const { promised, ledger } = policy;
  if (offer.privacy !== null) {
    const detail = mechanismObjection(offer.privacy, offer, parameters);
    if (detail !== null) return detail;
  }
  if (promised !== null && !isWithin(offer.privacy?.caps ?? UNLIMITED, promised))
    return 'The offer allows itself more of this tab’s privacy than the run promised when this tab joined.';
  if (ledger === null) return refusalInWords('storage');
  const { entries, run, self, sid } = ledger;
  const next = { run, client: self, sid, mechanism: countedOffer(offer) };
  const refusal = refusalOf(entries, next, limitsOf(offer, policy));
  return refusal === null ? null : refusalInWords(refusal);
}

const isWithin = (caps: Caps, promised: Caps): boolean =>
  caps.participations <= promised.participations &&
  caps.epsilon <= promised.epsilon &&
  caps.delta <= promised.delta;

function mechanismObjection(
  { mechanism, caps }: OfferedPrivacy,
  { invited, minSurvivors, accomplices }: Offer,
  parameters: number,
): string | null {
  if (!isSound(mechanism)) return 'The offered noise is none that can be made.';
  if (mechanism.lanes.length > 0 && !adaptsClip(mechanism))
    return 'The offer asks for numbers that this version does not send.';
  // Room for the rounding of c = C·s, which is within one of what the squares of an update at the clip sum up to.
  if ((mechanism.clipNorm * mechanism.scale) ** 2 > mechanism.squaredNormBound + 1)
    return 'The offered clip is longer than the updates that the offered noise is for.';
  if (mechanism.parameters !== parameters)
    return `The offered noise is for ${mechanism.parameters} parameters; the model has ${parameters}.`;
  if (mechanism.minSurvivors !== minSurvivors)
    return `The offered noise counts on sums of ${mechanism.minSurvivors}, but sums of ${minSurvivors} are opened.`;
  if (mechanism.accomplices < accomplices)
    return `The offered noise counts on all but ${mechanism.accomplices}, but ${accomplices} of ${invited} may not keep theirs secret.`;
  const epsilon = epsilonOfOffer(mechanism, caps.participations, caps.delta);
  if (!(caps.participations >= 1) || !(epsilon <= caps.epsilon))
    return `The offered noise gives ε = ${epsilon.toPrecision(3)} after ${caps.participations} rounds, more than the ${caps.epsilon} that is promised.`;
  return null;
}
