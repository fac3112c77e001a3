/**
 * Whom the next round is offered to, and under which terms. A run that was extended has several: what it promised first
 * is used up first, and nobody is offered a round beyond what it agreed to (EXTEND-3, LEDGER-3).
 */
import type { ParticipantId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { currentTerms, termsOf } from '#shared/tasks/run-terms.ts';
import type { RunSettings } from '#shared/tasks/run.ts';
import { coversTerms, type RunTerms } from '#shared/tasks/terms.ts';
import type { RunPrivacy } from './run-privacy.ts';

interface Person {
  readonly id: ParticipantId;
}

export interface Admitted<One> {
  /** In the order in which they are invited. */
  readonly invited: readonly One[];
  /** What the round is offered under; each of the invited has agreed to it. */
  readonly terms: RunTerms;
}

export class Admission {
  readonly #privacy: RunPrivacy;
  #settings: RunSettings;
  /** What each said that it agreed to; of those away only where that is less than the run asks. */
  readonly #agreed = new Map<ParticipantId, RunTerms>();
  /** They answered the newest extension with what they had agreed to before. */
  readonly #keeping = new Set<ParticipantId>();
  /** Their own ledgers or policies keep them out: attempts that were aborted count there, and not here. */
  readonly #declined = new Set<ParticipantId>();

  constructor(settings: RunSettings, privacy: RunPrivacy) {
    this.#settings = settings;
    this.#privacy = privacy;
  }

  /** All that the run asks now. */
  get current(): RunTerms {
    return currentTerms(this.#settings);
  }

  /** Everybody is asked anew. */
  extended(settings: RunSettings): void {
    this.#settings = settings;
    this.#keeping.clear();
  }

  /** Whoever comes has agreed to the run as it is, unless it says otherwise. */
  joined(id: ParticipantId): void {
    this.#agreed.set(id, this.current);
  }

  left(id: ParticipantId): void {
    if (this.hasAgreed(id)) this.#agreed.delete(id);
  }

  /** It says what its person agreed to: more than before ends that it was put aside. */
  agreed(id: ParticipantId, terms: RunTerms): void {
    const before = this.#agreed.get(id);
    if (before !== undefined && !coversTerms(before, terms)) this.#declined.delete(id);
    this.#agreed.set(id, terms);
    if (this.hasAgreed(id)) this.#keeping.delete(id);
  }

  /** It was asked about the newest terms, and keeps to its own. */
  keeps(id: ParticipantId): void {
    this.#keeping.add(id);
  }

  /** It declined an offer for its policy: it is offered no more rounds until it agrees to more. */
  declined(id: ParticipantId): void {
    this.#declined.add(id);
  }

  hasAgreed(id: ParticipantId): boolean {
    return coversTerms(this.#agreedBy(id), this.current);
  }

  get keeping(): number {
    return this.#keeping.size;
  }

  /**
   * Of `ready`, for a round (1-based): under the first terms with which enough may take part, else the newest. Under noise
   * no more than the noise was planned for, and those who have spent least first.
   */
  invite<One extends Person>(round: number, ready: readonly One[]): Admitted<One> {
    const { clients, minCohort, privacy } = this.#settings;
    const choices = this.#terms(round).map((terms) => ({
      terms,
      may: ready.filter(({ id }) => this.#mayTakePart(id, terms)),
    }));
    const chosen = choices.find(({ may }) => may.length >= minCohort) ?? choices.at(-1);
    invariant(chosen, 'a run has terms');
    const { terms, may } = chosen;
    if (privacy.mode === 'none') return { terms, invited: may };
    const spent = ({ id }: Person) => this.#privacy.roundsSpent(id);
    return { terms, invited: may.toSorted((a, b) => spent(a) - spent(b)).slice(0, clients) };
  }

  /** Of `ready`, those who have agreed to a round (1-based), whatever room their caps have. */
  willing<One extends Person>(round: number, ready: readonly One[]): One[] {
    const choices = this.#terms(round);
    return ready.filter(({ id }) => {
      const agreed = this.#agreedBy(id);
      return choices.some((terms) => coversTerms(agreed, terms));
    });
  }

  /** How many may still take part in a round, those who are away included, while `here` of them are here. */
  remaining(round: number, here: number): number {
    const { clients, privacy } = this.#settings;
    if (privacy.mode === 'none' && this.#keeping.size === 0) return Infinity;
    const known = new Set([...this.#privacy.clients(), ...this.#declined, ...this.#agreed.keys()]);
    const counts = this.#terms(round).map((terms) => {
      const out = [...known].filter((id) => this.#isOut(id, terms) || this.#keepsBelow(id, terms));
      return clients - out.length;
    });
    return Math.max(here, ...counts);
  }

  /** The run as it is, unless it said otherwise. */
  #agreedBy(id: ParticipantId): RunTerms {
    return this.#agreed.get(id) ?? this.current;
  }

  #terms(round: number): readonly RunTerms[] {
    const all = termsOf(this.#settings);
    const enough = all.filter(({ rounds }) => rounds >= round);
    return enough.length > 0 ? enough : all.slice(-1);
  }

  #mayTakePart(id: ParticipantId, terms: RunTerms): boolean {
    return !this.#isOut(id, terms) && coversTerms(this.#agreedBy(id), terms);
  }

  #keepsBelow(id: ParticipantId, terms: RunTerms): boolean {
    return this.#keeping.has(id) && !coversTerms(this.#agreedBy(id), terms);
  }

  /** Whatever it may still agree to. */
  #isOut(id: ParticipantId, terms: RunTerms): boolean {
    if (terms.caps !== null && this.#declined.has(id)) return true;
    return !this.#privacy.hasRoom(id, terms.caps);
  }
}
