/**
 * Why a run is not made with such settings, and the nearest value of the refused one with which it would be, all else
 * as it is. A value is tried before it is named; noise has an answer of its own (privacy/settings).
 */
import * as v from 'valibot';
import { fitsRing } from '#shared/numeric/quantize.ts';
import { refusalText } from '#shared/privacy/settings.ts';
import { findTask } from '#shared/tasks/catalogue.ts';
import { runSettings, type RunSettings } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import { privacyOf } from './run-privacy.ts';

/** Numbers that bound each other: what one of them may be is often another's value. */
const RELATED = ['clients', 'minCohort', 'minSurvivors'] as const;

/** What the schema refused first, as a sentence. */
export function schemaRefusal(input: unknown, issue: v.BaseIssue<unknown>, tasks: readonly Task[]): string {
  const path = v.getDotPath(issue);
  const reason =
    path === null || issue.message.startsWith(path) ? issue.message : `${path}: ${issue.message}`;
  const refused = issue.input;
  if (path === null || typeof refused !== 'number') return reason;
  const related = RELATED.map((setting) => valueAt(input, [setting]));
  const nearest = [issue.requirement, Math.round(refused), ...related]
    .filter((value): value is number => Number.isSafeInteger(value))
    .toSorted((a, b) => Math.abs(a - refused) - Math.abs(b - refused))
    .find((value) => isAccepted(withValueAt(input, path.split('.'), value), tasks));
  return reason + hint(nearest);
}

function isAccepted(input: unknown, tasks: readonly Task[]): boolean {
  const settings = v.safeParse(runSettings, input);
  if (!settings.success) return false;
  const task = findTask(settings.output.taskId, tasks);
  return task.ok && isKept(settings.output, task.value);
}

/** What the schema cannot see, settings against each other and against the task, as a sentence; null where all is well. */
export function settingsProblem(settings: RunSettings, task: Task): string | null {
  const contradictions = contradictionsOf(settings);
  const works = ({ setting, value }: Contradiction): boolean =>
    isKept({ ...settings, [setting]: value }, task);
  const repaired = contradictions.find(works);
  if (repaired !== undefined) return repaired.reason + hint(repaired.value);
  return contradictions[0]?.reason ?? taskProblem(settings, task);
}

const isKept = (settings: RunSettings, task: Task): boolean =>
  contradictionsOf(settings).length === 0 && taskProblem(settings, task) === null;

/** One of two settings that cannot both be, and what it would have to be beside the other. */
interface Contradiction {
  readonly setting: (typeof RELATED)[number];
  readonly value: number;
  readonly reason: string;
}

/** Each way to say the same, the likeliest first; none where the settings agree. */
function contradictionsOf({ clients, minCohort, minSurvivors }: RunSettings): readonly Contradiction[] {
  if (minCohort > clients) {
    const reason = `minCohort: ${minCohort} is more than the ${clients} clients the run waits for`;
    return [{ setting: 'minCohort', value: clients, reason }];
  }
  if (minSurvivors <= minCohort) return [];
  const less = `minSurvivors: ${minSurvivors} is more than minCohort, ${minCohort}; no round could be opened`;
  const more = `minCohort: ${minCohort} is less than minSurvivors, ${minSurvivors}; no round could be opened`;
  return [
    { setting: 'minSurvivors', value: minCohort, reason: less },
    { setting: 'minCohort', value: minSurvivors, reason: more },
  ];
}

function taskProblem(settings: RunSettings, task: Task): string | null {
  const { clients } = settings;
  const terms = { ...task.quantization, invited: clients, weightMax: task.weightMax };
  if (!fitsRing(terms)) return `clients: ${clients} participants' numbers do not fit a lane of 32 bits`;
  const privacy = privacyOf(settings, task);
  if (privacy.ok) return null;
  const { setting, reason, nearest } = privacy.fault;
  if (setting !== 'accomplices' || nearest === null) return refusalText(privacy.fault);
  return `accomplicesPerMille: ${reason}${hint(mostPerMille(nearest, clients))}`;
}

/** The largest share with which no more than `accomplices` of `clients` are counted (tasks/run, accomplicesOf). */
const mostPerMille = (accomplices: number, clients: number): number =>
  Math.ceil((1_000 * (accomplices + 1)) / clients) - 1;

const hint = (nearest: number | undefined): string =>
  nearest === undefined ? '' : `. The nearest that works is ${nearest}.`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function valueAt(input: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return input;
  return isObject(input) ? valueAt(input[first], rest) : undefined;
}

function withValueAt(input: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  return isObject(input) ? { ...input, [first]: withValueAt(input[first], rest, value) } : input;
}
