/** What a participant checks of a roster's list before it looks at a single signature in it (ROSTER-2). */
import type { RosterEntry } from '../../protocol/transcript.ts';
import type { ClientPlan } from './types.ts';

/** Why nobody may take part in this roster, as a sentence; null where one may. */
export function rosterObjection(
  entries: readonly RosterEntry[],
  plan: ClientPlan,
  ownDigest: string,
): string | null {
  if (entries.length < plan.offer.minCohort)
    return `The roster has ${entries.length} participants; ${plan.offer.minCohort} are needed.`;
  if (entries.length > plan.offer.invited)
    return `The roster has ${entries.length} participants; ${plan.offer.invited} were invited.`;
  if (!isSorted(entries)) return 'The roster is not sorted by participant, each once.';
  if (new Set(entries.map((entry) => entry.digest)).size < entries.length)
    return 'The roster has the same keys twice.';
  const listed = entries.some(({ participant, digest }) => participant === plan.self && digest === ownDigest);
  return listed ? null : 'The roster lacks this participant and its keys.';
}

function isSorted(entries: readonly RosterEntry[]): boolean {
  return entries.every((entry, index) => {
    const before = entries[index - 1];
    return before === undefined || before.participant < entry.participant;
  });
}
