/** The form that extends a run: what is asked for, and what the accountant says that it leads to. */
import type { SettingName } from '#shared/privacy/plan-settings.ts';
import type { RunView } from '#shared/protocol/api.ts';
import { extendedSettings, type RunExtension } from '#shared/tasks/extension.ts';
import { currentTerms } from '#shared/tasks/run-terms.ts';
import type { RunTerms } from '#shared/tasks/terms.ts';
import { sentenceOf } from './words.ts';

export type ExtensionField = 'rounds' | 'participations';

export interface ExtensionProblem {
  /** Null where it is about no single field. */
  readonly field: ExtensionField | null;
  readonly sentence: string;
  readonly nearest: number | null;
}

export class ExtensionForm {
  readonly #run: () => RunView;
  /** In all; null where a field is empty. */
  rounds = $state<number | null>(null);
  /** Of one participant; null where it takes part in every round, or no noise is added. */
  participations = $state<number | null>(null);

  constructor(run: () => RunView) {
    this.#run = run;
    this.reset();
  }

  /** As many rounds again as the run has had; as much of each participant as before. */
  reset(): void {
    const { rounds, caps } = this.now;
    this.rounds = 2 * rounds;
    this.participations = caps === null || caps.participations === rounds ? null : caps.participations;
  }

  readonly now: RunTerms = $derived.by(() => currentTerms(this.#run().settings));

  readonly asked: RunExtension = $derived({
    rounds: this.rounds ?? Number.NaN,
    ...(this.now.caps === null || this.participations === null
      ? {}
      : { participations: this.participations }),
  });

  readonly #answer = $derived.by(() => {
    const { settings, parameters } = this.#run();
    return extendedSettings(settings, parameters, this.asked);
  });

  /** What each tab would be asked; null where it cannot be. */
  readonly terms: RunTerms | null = $derived(this.#answer.ok ? currentTerms(this.#answer.value) : null);

  readonly problem: ExtensionProblem | null = $derived.by(() => {
    if (this.#answer.ok) return null;
    const { setting, reason, nearest } = this.#answer.fault;
    if (this.rounds === null) return { field: 'rounds', sentence: 'Write a number here.', nearest: null };
    return {
      field: fieldOf(setting),
      sentence: sentenceOf(reason),
      nearest,
    };
  });

  /** Puts what works into the field that is refused. */
  repair(): void {
    const { problem } = this;
    if (problem?.field != null && problem.nearest !== null) this[problem.field] = problem.nearest;
  }
}

const fieldOf = (setting: SettingName): ExtensionField | null =>
  setting === 'rounds' || setting === 'participations' ? setting : null;
