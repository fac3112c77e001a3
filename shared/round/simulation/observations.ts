/**
 * What a simulation sees from outside, and the rules that must hold whatever the schedule. Only the checks
 * read it: neither machine nor driver does.
 */
import type { ParticipantId, Sid } from '../../base/ids.ts';
import { addVector } from '../../numeric/ring.ts';
import { MIN_COHORT } from '../../protocol/limits.ts';
import type { RosterEntry } from '../../protocol/transcript.ts';

export class Observations {
  /** Broken rules, as sentences that begin with the rule's id. */
  readonly violations: string[] = [];
  /** Sids that a roster was opened for. */
  readonly opened = new Set<Sid>();
  readonly #plain = new Map<string, Uint32Array>();
  readonly #sidsOfUpdate = new Map<number, Set<Sid>>();
  readonly #keys = new Set<string>();

  trained(sid: Sid, participant: ParticipantId, words: Uint32Array): void {
    this.#plain.set(`${sid} ${participant}`, words.slice());
  }

  madeKey(maskKey: string): void {
    if (this.#keys.has(maskKey)) this.violations.push('TRAIN-2: a mask key was made for two attempts');
    this.#keys.add(maskKey);
  }

  masked(sid: Sid, update: number): void {
    const sids = this.#sidsOfUpdate.get(update) ?? new Set();
    this.#sidsOfUpdate.set(update, sids.add(sid));
    if (sids.size > 1) this.violations.push('MASK-6: an update was masked under two sids');
  }

  openedSum(
    sid: Sid,
    roster: readonly RosterEntry[],
    complete: ReadonlySet<ParticipantId>,
    sum: Uint32Array,
  ): void {
    this.opened.add(sid);
    if (roster.length < MIN_COHORT) this.violations.push(`OPEN-1: a sum of ${roster.length} was opened`);
    if (roster.some(({ participant }) => !complete.has(participant)))
      this.violations.push('OPEN-1: a sum was opened without every upload');
    const plain = new Uint32Array(sum.length);
    for (const { participant } of roster) {
      const words = this.#plain.get(`${sid} ${participant}`);
      if (words === undefined) this.violations.push('OPEN-1: a sum holds one that has not trained');
      else addVector(plain, words);
    }
    if (plain.some((word, lane) => word !== sum[lane]))
      this.violations.push('MASK-4: the opened sum is not the plain sum');
  }
}
