/**
 * More of a run (EXTEND-1): more rounds, and under noise more participations of each client, which lead to a larger ε.
 * The accountant says to which, since the noise stays as it was promised. What was promised can grow and not shrink.
 */
import * as v from 'valibot';
import { fail, ok, type Result } from '../base/result.ts';
import { mostWithin } from '../numeric/bisection.ts';
import type { Caps } from '../privacy/ledger.ts';
import { epsilonOfOffer } from '../privacy/mechanism-epsilon.ts';
import type { OfferedPrivacy } from '../privacy/offered-privacy.ts';
import type { SettingFault } from '../privacy/plan-settings.ts';
import { epsilonText, shownEpsilon } from '../privacy/statement.ts';
import { MAX_ROUNDS } from '../protocol/limits.ts';
import { currentTerms, noiseFor, promisedPrivacy, termsOf } from './run-terms.ts';
import type { RunSettings } from './run.ts';

const anyNumber = v.custom<number>((value) => typeof value === 'number', 'expected a number');

/** In all, not on top; what is left out follows from the rest. */
export const runExtension = v.strictObject({
  rounds: v.optional(anyNumber),
  /** Rounds one client takes part in, at most: all of the run's where it was so before. */
  participations: v.optional(anyNumber),
  /** The largest ε that one client may come to: unless said, what the participations lead to. */
  epsilon: v.optional(anyNumber),
});
export type RunExtension = v.InferInput<typeof runExtension>;

/** The settings of the run from then on, for a model with so many parameters; or why not, with the nearest that can be. */
export function extendedSettings(
  settings: RunSettings,
  parameters: number,
  asked: RunExtension,
): Result<RunSettings, SettingFault> {
  const { rounds = settings.rounds } = asked;
  const fault = roundsFault(settings.rounds, rounds);
  if (fault !== null) return fail(fault);
  const promised = promisedPrivacy(settings, parameters);
  if (!promised.ok) return fail(promised.fault);
  const earlier = termsOf(settings);
  if (promised.value === null || settings.privacy.mode === 'none') {
    const named = asked.participations !== undefined ? 'participations' : 'epsilon';
    if (asked[named] !== undefined)
      return fail({
        setting: named,
        reason: `${named} is of runs with noise, and this one has none`,
        nearest: null,
      });
    return rounds > settings.rounds
      ? ok({ ...settings, rounds, earlier })
      : fail(nothingMore(settings.rounds));
  }
  const caps = extendedCaps(settings, promised.value, { ...asked, rounds });
  if (!caps.ok) return caps;
  const { participations, epsilon } = caps.value;
  if (rounds === settings.rounds && participations === promised.value.caps.participations)
    return fail(nothingMore(settings.rounds));
  const extended = {
    ...settings,
    rounds,
    privacy: { ...settings.privacy, participations, epsilon },
    earlier,
  };
  // As if the run were made like this: with less noise than it has.
  const checked = noiseFor(extended, parameters);
  return checked.ok ? ok(extended) : checked;
}

function roundsFault(before: number, rounds: number): SettingFault | null {
  if (Number.isSafeInteger(rounds) && rounds >= before && rounds <= MAX_ROUNDS) return null;
  const nearest = Math.min(
    MAX_ROUNDS,
    Math.max(before + 1, Number.isFinite(rounds) ? Math.round(rounds) : before + 1),
  );
  return {
    setting: 'rounds',
    reason: `rounds ${rounds} is not a whole number from the ${before} that the run has to ${MAX_ROUNDS}`,
    nearest,
  };
}

const nothingMore = (before: number): SettingFault => ({
  setting: 'rounds',
  reason: `rounds ${before} is what the run has: an extension asks for more rounds, or for more of each tab`,
  nearest: before < MAX_ROUNDS ? before + 1 : null,
});

function extendedCaps(
  settings: RunSettings,
  { mechanism, caps }: OfferedPrivacy,
  asked: RunExtension & { readonly rounds: number },
): Result<Caps, SettingFault> {
  const epsilonAt = (count: number): number => epsilonOfOffer(mechanism, count, caps.delta);
  const { rounds, epsilon } = asked;
  const leastCap = (count: number): number | null => {
    const least = Math.max(caps.epsilon, shownEpsilon(epsilonAt(count)));
    return Number.isFinite(least) ? least : null;
  };
  if (epsilon !== undefined && !(epsilon >= caps.epsilon && Number.isFinite(epsilon)))
    return fail({
      setting: 'epsilon',
      reason: `epsilon ${epsilon} is not a number from the ${caps.epsilon} that was promised on`,
      nearest: leastCap(asked.participations ?? Math.min(rounds, caps.participations + 1)),
    });
  const followed = everyRound(settings) ? rounds : caps.participations;
  const room = (most: number): number =>
    mostWithin(caps.participations, rounds, (count) => epsilonAt(count) <= most);
  const { participations = epsilon === undefined ? followed : room(epsilon) } = asked;
  if (
    !Number.isSafeInteger(participations) ||
    participations < caps.participations ||
    participations > rounds
  )
    return fail({
      setting: 'participations',
      reason: `participations ${participations} is not a whole number from the ${caps.participations} that were promised to the ${rounds} rounds`,
      nearest: Number.isFinite(participations)
        ? Math.min(rounds, Math.max(caps.participations, Math.round(participations)))
        : caps.participations,
    });
  if (participations === caps.participations) {
    if (epsilon === undefined || asked.participations !== undefined || participations === rounds)
      return ok(caps);
    return fail({
      setting: 'epsilon',
      reason: `epsilon ${epsilon} has no room for another round: ${participations + 1} lead to ${epsilonText(epsilonAt(participations + 1))} with the noise that was promised`,
      nearest: leastCap(participations + 1),
    });
  }
  const leadsTo = epsilonAt(participations);
  if (leadsTo === Infinity)
    return fail({
      setting: asked.participations === undefined ? 'rounds' : 'participations',
      reason: `${participations} participations are more than the noise that was promised is good for`,
      nearest: room(Number.MAX_VALUE),
    });
  const needed = Math.max(caps.epsilon, shownEpsilon(leadsTo));
  if (epsilon === undefined) return ok({ ...caps, participations, epsilon: needed });
  if (leadsTo <= epsilon) return ok({ ...caps, participations, epsilon });
  return fail({
    setting: 'epsilon',
    reason: `epsilon ${epsilon} is less than the ${epsilonText(leadsTo)} that ${participations} participations lead to with the noise that was promised`,
    nearest: needed,
  });
}

/** A client may take part in all rounds. */
function everyRound(settings: RunSettings): boolean {
  const { rounds, caps } = currentTerms(settings);
  return caps?.participations === rounds;
}
