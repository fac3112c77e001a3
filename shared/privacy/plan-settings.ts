/** What a run under noise is planned from, and why a setting is refused. */
import { MAX_COHORT, MAX_ROUNDS, MAX_VECTOR_WORDS, MIN_COHORT } from '../protocol/limits.ts';
import type { NoiseMode } from './mechanism-parameters.ts';

export interface PlanSettings {
  /** `distributed` unless said; `none` ignores epsilon and delta. */
  readonly mode?: NoiseMode;
  /** Largest cohort of a round. */
  readonly clients: number;
  readonly rounds: number;
  /** Rounds one client takes part in, at most. */
  readonly participations: number;
  readonly epsilon: number;
  readonly delta: number;
  readonly clipNorm: number;
  /** Of the model, before padding. */
  readonly parameters: number;
  /** Of the ring. */
  readonly bits: number;
  /** Fewer contributions are never unmasked. */
  readonly minSurvivors: number;
  /** Contributors whose noise is not counted on; 1 at least, since each knows its own. */
  readonly accomplices: number;
  /** Integer bounds of the values in extra lanes. */
  readonly lanes: readonly number[];
  /** The clip follows a noised count (adaptive-clip), for which a lane is added whose bound the plan chooses. */
  readonly adaptiveClip?: boolean | undefined;
}

/** What a refusal can name. Where the adaptive clip is what cannot be, it names what would make room for it. */
export type SettingName = Exclude<keyof PlanSettings, 'mode' | 'adaptiveClip'>;

export interface SettingFault {
  readonly setting: SettingName;
  readonly reason: string;
  /** The nearest value that works, all else as it is; null where none does. */
  readonly nearest: number | null;
}

const MIN_BITS = 8;
export const MAX_BITS = 32;
/** Of clip norms, in the update's own units. */
export const CLIP_RANGE = { low: 1e-6, high: 1e6 };
const USUAL_DELTA = 1e-5;
/** δ must stay below 1/clients; the nearest that does keeps this distance. */
const DELTA_ROOM = 0.99;

/** The first setting out of its range, or null; what only shows when the noise is solved for comes later. */
export function settingFault(settings: PlanSettings): SettingFault | null {
  const { clients, rounds, minSurvivors } = settings;
  return (
    integerFault('clients', clients, MIN_COHORT, MAX_COHORT, 'the sum of fewer would reveal an update') ??
    integerFault('rounds', rounds, 1, MAX_ROUNDS, 'a run has rounds') ??
    integerFault(
      'participations',
      settings.participations,
      1,
      rounds,
      'a client joins at most every round',
    ) ??
    integerFault('parameters', settings.parameters, 1, MAX_VECTOR_WORDS, 'an upload is limited') ??
    integerFault('bits', settings.bits, MIN_BITS, MAX_BITS, 'a lane is a 32-bit word at most') ??
    integerFault('minSurvivors', minSurvivors, 2, clients, 'it counts contributions of the cohort') ??
    integerFault(
      'accomplices',
      settings.accomplices,
      1,
      minSurvivors - 1,
      'each client knows its own noise, and the noise of at least one other must stay secret',
    ) ??
    rangeFault('clipNorm', settings.clipNorm, CLIP_RANGE.low, CLIP_RANGE.high) ??
    deltaFault(settings) ??
    laneFault(settings) ??
    epsilonFault(settings)
  );
}

function integerFault(
  setting: SettingName,
  value: number,
  low: number,
  high: number,
  why: string,
): SettingFault | null {
  if (Number.isInteger(value) && value >= low && value <= high) return null;
  const whole = Number.isNaN(value) ? low : Math.round(value);
  return {
    setting,
    reason: `${setting} ${value} is not a whole number in ${low}..${high}: ${why}`,
    nearest: Math.min(high, Math.max(low, whole)),
  };
}

function rangeFault(setting: SettingName, value: number, low: number, high: number): SettingFault | null {
  if (value >= low && value <= high) return null;
  return {
    setting,
    reason: `${setting} ${value} is not in ${low}..${high}`,
    nearest: Number.isNaN(value) ? 1 : Math.min(high, Math.max(low, value)),
  };
}

function deltaFault({ mode, delta, clients }: PlanSettings): SettingFault | null {
  if (mode === 'none') return null;
  if (delta > 0 && delta < 1 / clients) return null;
  const nearest = delta >= 1 / clients ? DELTA_ROOM / clients : Math.min(USUAL_DELTA, DELTA_ROOM / clients);
  return {
    setting: 'delta',
    reason: `delta ${delta} is not above 0 and below 1/clients = ${1 / clients}, where it would allow one client to be given away`,
    nearest: roundedDown(nearest),
  };
}

/** To two digits, never up: a value just below a limit stays below it. */
function roundedDown(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.floor(value / unit + 1e-9) * unit).toPrecision(2));
}

function laneFault({ lanes, adaptiveClip }: PlanSettings): SettingFault | null {
  if (adaptiveClip === true && lanes.length > 0) {
    const reason = 'lanes beside the one of an adaptive clip are not sent by this version';
    return { setting: 'lanes', reason, nearest: null };
  }
  const wrong = lanes.find((bound) => !Number.isInteger(bound) || bound < 1 || bound > 2 ** (MAX_BITS - 1));
  if (wrong === undefined) return null;
  return { setting: 'lanes', reason: `lanes ${wrong} is not a whole bound of at least 1`, nearest: 1 };
}

function epsilonFault({ mode, epsilon }: PlanSettings): SettingFault | null {
  if (mode === 'none') return null;
  if (Number.isFinite(epsilon) && epsilon > 0) return null;
  return { setting: 'epsilon', reason: `epsilon ${epsilon} is not a number above 0`, nearest: null };
}
