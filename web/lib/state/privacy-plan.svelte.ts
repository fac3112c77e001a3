/** The planner: what is written in its fields, and what follows from it. */
import { epsilonOfNoise } from '#shared/privacy/mechanism-epsilon.ts';
import type { NoiseMode } from '#shared/privacy/mechanism-parameters.ts';
import type { Plan } from '#shared/privacy/plan.ts';
import { planRun } from '#shared/privacy/plan.ts';
import type { Advice } from '#shared/privacy/plan-advice.ts';
import { adviceFor, outlookOf, type Outlook } from '#shared/privacy/plan-advice.ts';
import type { PlanSettings, SettingName } from '#shared/privacy/plan-settings.ts';
import type { Curve } from './plan-curves.ts';
import type { PlannedRun } from './plan-transfer.ts';
import { epsilonCurve, noiseCurve } from './plan-curves.ts';

export type PlanField = Exclude<SettingName, 'lanes'>;
/** An empty field is null; empty participations are all rounds. */
export type PlanFields = Record<PlanField, number | null>;

/** What the planner opens with. */
export type PlanStart = Partial<PlanFields> & { readonly mode?: NoiseMode; readonly adaptiveClip?: boolean };

export interface PlanProblem {
  readonly setting: PlanField;
  readonly sentence: string;
  /** Null where no value of this setting alone works. */
  readonly nearest: number | null;
}

export const FIELD_LABELS: Readonly<Record<PlanField, string>> = {
  clients: 'Tabs in a round, at most',
  minSurvivors: 'Fewest tabs in a sum',
  accomplices: 'Tabs that may tell their noise',
  rounds: 'Rounds',
  participations: 'Rounds of one tab, at most',
  epsilon: 'ε at the end',
  delta: 'δ',
  clipNorm: 'Clip norm',
  parameters: 'Parameters of the model',
  bits: 'Bits of a number',
};

const ADVICE_WORDS: Readonly<Record<Advice['setting'], (value: string) => string>> = {
  rounds: (value) => `fewer rounds: at most ${value}`,
  clients: (value) => `more tabs in a round: at least ${value}`,
  parameters: (value) => `a smaller model: at most ${value} parameters`,
  epsilon: (value) => `a larger ε: at least ${value}`,
  bits: (value) => `more bits: at least ${value}`,
};

export const adviceInWords = ({ setting, value }: Advice): string =>
  ADVICE_WORDS[setting](value.toLocaleString('en'));

/** A model of so few parameters is none that anybody would train. */
const LEAST_PARAMETERS = 10;
const isUseful = ({ setting, value }: Advice): boolean =>
  setting !== 'parameters' || value >= LEAST_PARAMETERS;

const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, roundingMode: 'ceil' });

/** Three digits, up: what is above a limit does not look as if it were at it. */
export const roundedUpInWords = (value: number): string => threeDigits.format(value);

export class PrivacyPlan {
  mode = $state<NoiseMode>('distributed');
  adaptiveClip = $state(false);
  fields = $state<PlanFields>({
    clients: 40,
    minSurvivors: 30,
    accomplices: 2,
    rounds: 50,
    participations: null,
    epsilon: 8,
    delta: 1e-5,
    clipNorm: 1,
    parameters: 7_850,
    bits: 20,
  });

  constructor(start: PlanStart = {}) {
    const { mode, adaptiveClip, ...fields } = start;
    if (mode !== undefined) this.mode = mode;
    if (adaptiveClip !== undefined) this.adaptiveClip = adaptiveClip;
    Object.assign(this.fields, fields);
  }

  readonly settings: PlanSettings = $derived.by(() => {
    const value = (field: PlanField): number => this.fields[field] ?? Number.NaN;
    return {
      mode: this.mode,
      clients: value('clients'),
      minSurvivors: value('minSurvivors'),
      accomplices: value('accomplices'),
      rounds: value('rounds'),
      participations: this.fields.participations ?? value('rounds'),
      epsilon: value('epsilon'),
      delta: value('delta'),
      clipNorm: value('clipNorm'),
      parameters: value('parameters'),
      bits: value('bits'),
      lanes: [],
      ...(this.adaptiveClip && this.mode !== 'none' ? { adaptiveClip: true } : {}),
    };
  });

  readonly #answer = $derived(planRun(this.settings));

  readonly plan: Plan | null = $derived(this.#answer.ok ? this.#answer.value : null);

  readonly problem: PlanProblem | null = $derived.by(() => {
    if (this.#answer.ok || this.#answer.fault.setting === 'lanes') return null;
    const { setting, reason, nearest } = this.#answer.fault;
    if (this.fields[setting] === null) return { setting, sentence: 'Write a number here.', nearest };
    return { setting, sentence: `${reason.replace(setting, FIELD_LABELS[setting])}.`, nearest };
  });

  readonly outlook: Outlook | null = $derived(this.plan === null ? null : outlookOf(this.plan));

  readonly advice: readonly Advice[] = $derived(
    this.plan === null ? [] : adviceFor(this.settings, this.plan).filter(isUseful),
  );

  readonly epsilonCurve: Curve | null = $derived(
    this.plan === null || this.mode === 'none' ? null : epsilonCurve(this.settings, this.plan),
  );

  readonly noiseCurve: Curve | null = $derived(
    this.plan === null || this.mode === 'none' ? null : noiseCurve(this.settings),
  );

  /** ε of someone who takes part in two tabs: both vectors are in the same sums. */
  readonly epsilonOfTwo: number | null = $derived.by(() => {
    if (this.plan === null) return null;
    const { l1, l2 } = this.plan.sensitivity;
    const noise = {
      mode: this.mode,
      sensitivity: { l1: 2 * l1, l2: 2 * l2 },
      variance: this.plan.noiseSteps ** 2,
      participations: this.settings.participations,
    };
    return epsilonOfNoise(noise, this.settings.delta).epsilon;
  });

  /** For the form that makes a run; null where the plan cannot be. */
  get planned(): PlannedRun | null {
    if (this.plan === null) return null;
    const { clients, rounds, minSurvivors, accomplices, epsilon, delta, clipNorm, bits } = this.settings;
    const { mode, fields } = this;
    const adaptiveClip = this.settings.adaptiveClip === true;
    const { participations } = fields;
    const run = { clients, rounds, minSurvivors, accomplices, participations };
    return { mode, adaptiveClip, ...run, epsilon, delta, clipNorm, bits };
  }

  /** Puts what works into the field that is refused. */
  repair(): void {
    const problem = this.problem;
    if (problem !== null && problem.nearest !== null) this.fields[problem.setting] = problem.nearest;
  }
}
