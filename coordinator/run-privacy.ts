/**
 * What a run has promised about privacy and what its clients have spent of it: the noise that its offers carry, the
 * ledger that is committed to before a sum can be opened, and who may still take part (design: PRIVACY.md, "Ledger").
 */
import type { ParticipantId, RunId, Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { ok, type Result } from '#shared/base/result.ts';
import { budgetOf, countedMechanism, wouldExceed, type LedgerEntry } from '#shared/privacy/ledger.ts';
import { countedShares } from '#shared/privacy/mechanism-parameters.ts';
import type { OfferedPrivacy } from '#shared/privacy/offered-privacy.ts';
import type { SettingFault } from '#shared/privacy/plan-settings.ts';
import { checkedPrivacy } from '#shared/privacy/settings.ts';
import type { PrivacyView } from '#shared/protocol/api.ts';
import { vectorWordsOf } from '#shared/round/vector.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { accomplicesOf, type RunSettings } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import type { Ledger } from './store/ledger.ts';
import type { RunRecord } from './store/port.ts';

/** What the offers of such a run carry; null where no noise is added. Refused where the settings cannot be kept. */
export const privacyOf = (settings: RunSettings, task: Task): Result<OfferedPrivacy | null, SettingFault> =>
  settings.privacy.mode === 'none'
    ? ok(null)
    : checkedPrivacy(settings.privacy, {
        clients: settings.clients,
        rounds: settings.rounds,
        minSurvivors: settings.minSurvivors,
        accomplices: accomplicesOf(settings),
        parameters: parameterCount(task.model),
        lanes: [],
      });

export class RunPrivacy {
  /** Null where no noise is added. */
  readonly offered: OfferedPrivacy | null;
  readonly #run: RunId;
  readonly #settings: RunSettings;
  readonly #ledger: Ledger;
  readonly #words: number;
  readonly #entries: Map<ParticipantId, LedgerEntry[]>;
  /** Their own ledgers or policies keep them out: attempts that were aborted count there, and not here. */
  readonly #declined = new Set<ParticipantId>();
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

  #mayTakePart(id: ParticipantId): boolean {
    if (this.offered === null) return true;
    if (this.#declined.has(id)) return false;
    return wouldExceed(this.#entries.get(id) ?? [], this.#mechanism, this.offered.caps) === null;
  }

  /**
   * Those of `ready` that the next round is offered to. Under noise no more than the noise was planned for, and those
   * who have spent least first.
   */
  invite<One extends { readonly id: ParticipantId }>(ready: readonly One[]): One[] {
    const may = ready.filter(({ id }) => this.#mayTakePart(id));
    if (this.offered === null) return may;
    const spent = ({ id }: One) => this.#entries.get(id)?.length ?? 0;
    return may.toSorted((a, b) => spent(a) - spent(b)).slice(0, this.#settings.clients);
  }

  /** How many may still take part, those who are away included, while `here` of them are here. */
  left(here: number): number {
    if (this.offered === null) return Infinity;
    const known = new Set([...this.#entries.keys(), ...this.#declined]);
    const out = [...known].filter((id) => !this.#mayTakePart(id));
    return Math.max(here, this.#settings.clients - out.length);
  }

  /** It declined an offer for its policy: it is offered no more rounds of this run. */
  declined(id: ParticipantId): void {
    this.#declined.add(id);
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
    };
  }
}

/** JSON has no ∞. */
const finiteOrNull = (epsilon: number): number | null => (Number.isFinite(epsilon) ? epsilon : null);
