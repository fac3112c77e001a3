/**
 * How long a participant waits, in milliseconds from receipt, before it leaves by itself.
 *
 * The coordinator's phases start later than a participant sees them, so a participant is more patient by the
 * `rostered` duration; a coordinator that keeps its own deadlines always speaks first.
 */
import type { ClientPlan } from './types.ts';

/** From the offer to the roster. */
export function rosterWaitMs({ offer }: ClientPlan): number {
  const { offered, training, rostered } = offer.durationsMs;
  return offered + training + rostered;
}

/** From the roster to the last byte sent, and again from there to the outcome. */
export function outcomeWaitMs({ offer }: ClientPlan): number {
  return offer.durationsMs.masking + offer.durationsMs.rostered;
}
