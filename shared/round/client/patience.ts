/**
 * How long a participant waits, in milliseconds from receipt.
 *
 * The coordinator's phases start later than a participant sees them, so a participant is more patient by the
 * `sharing` duration; a coordinator that keeps its own deadlines always speaks first.
 */
import type { ClientPlan } from './types.ts';

const slackMs = ({ offer }: ClientPlan) => offer.durationsMs.sharing;

/** From the offer to the roster. */
export const rosterWaitMs = (plan: ClientPlan): number =>
  plan.offer.durationsMs.offered + plan.offer.durationsMs.training + slackMs(plan);

/** From the roster to its own word on whose shares it holds: before the coordinator's deadline. */
export const shareWaitMs = ({ offer }: ClientPlan): number => Math.floor(0.7 * offer.durationsMs.sharing);

/** From its word on shares to U2. */
export const maskRequestWaitMs = (plan: ClientPlan): number => plan.offer.durationsMs.sharing + slackMs(plan);

/** From U2 to U3: masking, waiting for its turn, and the upload. */
export const unmaskRequestWaitMs = (plan: ClientPlan): number =>
  plan.offer.durationsMs.masking + slackMs(plan);

/** From U3 to the holders' confirmations. */
export const confirmationsWaitMs = (plan: ClientPlan): number =>
  plan.offer.durationsMs.confirming + slackMs(plan);

/** From its reveal to the outcome. */
export const outcomeWaitMs = (plan: ClientPlan): number => plan.offer.durationsMs.unmasking + slackMs(plan);
