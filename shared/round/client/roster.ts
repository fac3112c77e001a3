/** What a participant checks before it masks for a roster (ROSTER-2). */
import type { ParticipantId } from '../../base/ids.ts';
import type { RosterEntry } from '../../protocol/transcript.ts';
import type { ClientPlan } from './types.ts';

/** Why nobody may mask for this roster, as a sentence; null where one may. */
export function rosterObjection(
  entries: readonly RosterEntry[],
  plan: ClientPlan,
  ownMaskKey: string,
): string | null {
  if (entries.length < plan.offer.minCohort)
    return `The roster has ${entries.length} participants; ${plan.offer.minCohort} are needed.`;
  if (entries.length > plan.offer.invited)
    return `The roster has ${entries.length} participants; ${plan.offer.invited} were invited.`;
  if (!isSorted(entries)) return 'The roster is not sorted by participant, each once.';
  if (new Set(entries.map((entry) => entry.maskKey)).size < entries.length)
    return 'The roster has a mask key twice.';
  return lists(entries, plan.self, ownMaskKey) ? null : 'The roster lacks this participant and its mask key.';
}

export function sameRoster(a: readonly RosterEntry[], b: readonly RosterEntry[]): boolean {
  return (
    a.length === b.length &&
    a.every(
      (entry, index) => entry.participant === b[index]?.participant && entry.maskKey === b[index]?.maskKey,
    )
  );
}

function isSorted(entries: readonly RosterEntry[]): boolean {
  return entries.every((entry, index) => {
    const before = entries[index - 1];
    return before === undefined || before.participant < entry.participant;
  });
}

const lists = (entries: readonly RosterEntry[], self: ParticipantId, maskKey: string) =>
  entries.some((entry) => entry.participant === self && entry.maskKey === maskKey);
