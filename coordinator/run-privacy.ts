/**
 * What a run has promised about privacy and what its clients have spent of it: the noise that its offers carry, the
 * ledger that is committed to before a sum can be opened, and who may still take part (design: PRIVACY.md, "Ledger").
 */
import type { ParticipantId, RunId, Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { Result } from '#shared/base/result.ts';
import {
  budgetOf,
  countedMechanism,
  wouldExceed,
  type Caps,
  type LedgerEntry,
} from '#shared/privacy/ledger.ts';
import { countedShares } from '#shared/privacy/mechanism-parameters.ts';
import { adaptsClip, nextClipNorm, withClipNorm } from '#shared/privacy/adaptive-clip.ts';
import type { OfferedPrivacy } from '#shared/privacy/offered-privacy.ts';
import type { SettingFault } from '#shared/privacy/plan-settings.ts';
import type { PrivacyView, RoundView } from '#shared/protocol/api.ts';
import { vectorWordsOf } from '#shared/round/vector.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { currentTerms, promisedPrivacy } from '#shared/tasks/run-terms.ts';
import type { RunSettings } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import type { Ledger } from './store/ledger.ts';
import type { RunRecord } from './store/port.ts';

/** What the offers of such a run carry; null where no noise is added. Refused where the settings cannot be kept. */
export const privacyOf = (settings: RunSettings, task: Task): Result<OfferedPrivacy | null, SettingFault> =>
  promisedPrivacy(settings, parameterCount(task.model));

export class RunPrivacy {
  /** With the clip of the first round; null where no noise is added. */
  offered: OfferedPrivacy | null;
  readonly #run: RunId;
  #settings: RunSettings;
  readonly #ledger: Ledger;
  readonly #words: number;
  readonly #entries: Map<ParticipantId, LedgerEntry[]>;
  #sums = 0;
  #shown: { readonly sums: number; readonly view: PrivacyView } | null = null;

  private constructor(
    { id, settings, task }: RunRecord,
    offered: OfferedPrivacy | null,
    ledger: Ledger,
    entries: Map<ParticipantId, LedgerEntry[]>,
  ) {
    this.#run = id;
    this.#settings = settings;
    this.offered = offered;
    this.#words = vectorWordsOf(offered, parameterCount(task.model));
    this.#ledger = ledger;
    this.#entries = entries;
  }

  static async open(record: RunRecord, ledger: Ledger): Promise<RunPrivacy> {
    const offered = privacyOf(record.settings, record.task);
    invariant(offered.ok, 'a run is made with settings that can be kept');
    return new RunPrivacy(record, offered.value, ledger, await ledger.entriesByClient(record.id));
  }

  get #mechanism(): LedgerEntry['mechanism'] {
    return this.offered === null
      ? { mode: 'none', noiseSteps: 0, l1: 0, l2: 0, dimension: this.#words, countedShares: 1 }
      : countedMechanism(this.offered.mechanism);
  }

  /**
   * What the next offer carries after `rounds`, the run's ended attempts in their order. Where the clip adapts, it
   * follows from the last of them that made a model: they are stored, so that it is the same after a restart.
   */
  offeredAfter(rounds: readonly RoundView[]): OfferedPrivacy | null {
    const last = rounds.findLast(({ clip }) => clip !== undefined)?.clip;
    if (this.offered === null || last === undefined || !adaptsClip(this.offered.mechanism))
      return this.offered;
    const clipNorm = nextClipNorm(last.norm, last.within);
    return { ...this.offered, mechanism: withClipNorm(this.offered.mechanism, clipNorm) };
  }

  /** Whether one more round is within `caps` for this client; null where no noise is added. */
  hasRoom(id: ParticipantId, caps: Caps | null): boolean {
    return caps === null || wouldExceed(this.#entries.get(id) ?? [], this.#mechanism, caps) === null;
  }

  roundsSpent(id: ParticipantId): number {
    return this.#entries.get(id)?.length ?? 0;
  }

  /** Who has spent something in this run. */
  clients(): Iterable<ParticipantId> {
    return this.#entries.keys();
  }

  /** The run asks for more now: its caps have grown, its noise is the same (EXTEND-1). */
  extended(settings: RunSettings): void {
    const { caps } = currentTerms(settings);
    this.#settings = settings;
    if (this.offered !== null && caps !== null) this.offered = { ...this.offered, caps };
    this.#shown = null;
  }

  /** Durable when it resolves. Nothing is asked for with which the sum could be opened before. */
  async commit(sid: Sid, clients: readonly ParticipantId[]): Promise<void> {
    const mechanism = this.#mechanism;
    await this.#ledger.commit({ run: this.#run, sid, clients, mechanism });
    for (const id of clients) this.#entries.set(id, [...(this.#entries.get(id) ?? []), { sid, mechanism }]);
    this.#sums++;
  }

  /** Of the client that has spent most. */
  view(): PrivacyView {
    if (this.#shown?.sums !== this.#sums) this.#shown = { sums: this.#sums, view: this.#worked() };
    return this.#shown.view;
  }

  #worked(): PrivacyView {
    const most = [...this.#entries.values()].reduce<readonly LedgerEntry[]>(
      (longest, entries) => (entries.length > longest.length ? entries : longest),
      [],
    );
    if (this.offered === null) {
      const { rounds } = this.#settings;
      const none = { spentEpsilon: null, epsilonAtEnd: null, worstEpsilon: null, epsilonMax: null };
      return {
        mode: 'none',
        delta: 0,
        roundsSpent: most.length,
        roundsMax: rounds,
        countedShares: 1,
        ...none,
      };
    }
    const { mechanism, caps } = this.offered;
    const budget = budgetOf(most, this.#mechanism, caps);
    return {
      mode: mechanism.mode,
      ...budget,
      spentEpsilon: finiteOrNull(budget.spentEpsilon),
      epsilonAtEnd: finiteOrNull(budget.epsilonAtEnd),
      worstEpsilon: finiteOrNull(budget.worstEpsilon),
      epsilonMax: caps.epsilon,
      countedShares: countedShares(mechanism),
      adaptsClip: adaptsClip(mechanism),
    };
  }
}

/** JSON has no ∞. */
const finiteOrNull = (epsilon: number): number | null => (Number.isFinite(epsilon) ? epsilon : null);
