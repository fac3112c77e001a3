/**
 * The privacy accountant for scripts and people.
 *   npm run -s privacy -- eval    JSON lines {"group","in"} on stdin, {"group","out"} lines on stdout, same order
 *   npm run privacy -- plan …     noise, price and size of a run under distributed noise
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Plan } from '#shared/privacy/plan.ts';
import { planRun } from '#shared/privacy/plan.ts';
import type { Advice } from '#shared/privacy/plan-advice.ts';
import { adviceFor, NOISE_LIMIT, outlookOf, OUTLOOK_WORDS } from '#shared/privacy/plan-advice.ts';
import type { PlanSettings, SettingFault } from '#shared/privacy/plan-settings.ts';
import { evaluateRow, groupNames } from '#shared/privacy/rows/evaluate.ts';

const HELP = `Usage: npm run privacy -- <command> [options]

Commands
  eval    Reads JSON lines {"group": …, "in": {…}} on stdin and writes {"group": …, "out": {…}} lines in the same
          order. Refused inputs read "error"; a line that is no such object is answered by {"error": …} in its place.
          (npm run -s privacy -- eval keeps npm's own lines out of the output.)
  groups  Lists the groups that eval knows, one a line.
  plan    Solves noise and scale of a run under distributed Skellam noise.

Options of plan (defaults in brackets)
  --clients N         largest cohort of a round [40]
  --rounds N          rounds of the run [50]
  --participations N  rounds one client takes part in, at most [rounds]
  --epsilon X         ε after all of a client's participations [8]
  --delta X           δ, below 1/clients [1e-5]
  --clip X            L2 clip norm of an update [1]
  --parameters N      of the model [7850]
  --bits N            of the ring, 8..32 [20]
  --min-survivors N   fewer contributions are never unmasked [two thirds of the clients]
  --accomplices N     contributors whose noise is not counted on [1]
  --lane N            integer bound of an extra lane; once for each lane
  --adaptive-clip     the clip norm follows a noised count of the updates that are not longer; --clip is the first
  --json              machine-readable

Exit status: 0 done, 1 a plan was refused, 2 the command line is wrong.
`;

const SEE_HELP = 'npm run privacy -- --help says what there is.\n';

interface Outcome {
  readonly text: string;
  readonly status: 0 | 1 | 2;
}

const PLAN_OPTIONS = {
  clients: { type: 'string' },
  rounds: { type: 'string' },
  participations: { type: 'string' },
  epsilon: { type: 'string' },
  delta: { type: 'string' },
  clip: { type: 'string' },
  parameters: { type: 'string' },
  bits: { type: 'string' },
  'min-survivors': { type: 'string' },
  accomplices: { type: 'string' },
  lane: { type: 'string', multiple: true },
  'adaptive-clip': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

const FLAGS: Readonly<Record<SettingFault['setting'], string>> = {
  clients: '--clients',
  rounds: '--rounds',
  participations: '--participations',
  epsilon: '--epsilon',
  delta: '--delta',
  clipNorm: '--clip',
  parameters: '--parameters',
  bits: '--bits',
  minSurvivors: '--min-survivors',
  accomplices: '--accomplices',
  lanes: '--lane',
};

/** An absent option's default; a text that is no number is NaN, which the plan refuses by name. */
const numberOr = (text: string | undefined, absent: number): number =>
  text === undefined ? absent : text.trim() === '' ? NaN : Number(text);

/** Answers one line of eval; never throws for what the line holds. */
export function answerLine(line: string): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { error: 'the line is not JSON' };
  }
  if (!isObject(value) || typeof value['group'] !== 'string' || !isObject(value['in'])) {
    return { error: 'the line is not {"group": text, "in": object}' };
  }
  const group = value['group'];
  try {
    return evaluateRow(group, value['in']);
  } catch (error) {
    return { group, error: error instanceof Error ? error.message : String(error) };
  }
}

/** parseArgs takes "--x -1" for two options; "--x=-1" is meant. */
function joinNegativeNumbers(options: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of options) {
    const before = joined.at(-1);
    if (before !== undefined && /^-[\d.]/.test(word) && before.startsWith('--') && !before.includes('=')) {
      joined[joined.length - 1] = `${before}=${word}`;
    } else {
      joined.push(word);
    }
  }
  return joined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function planSettings(options: readonly string[]): { settings: PlanSettings; json: boolean } {
  const { values } = parseArgs({ args: joinNegativeNumbers(options), options: PLAN_OPTIONS, strict: true });
  const clients = numberOr(values.clients, 40);
  const rounds = numberOr(values.rounds, 50);
  const settings = {
    clients,
    rounds,
    participations: numberOr(values.participations, rounds),
    epsilon: numberOr(values.epsilon, 8),
    delta: numberOr(values.delta, 1e-5),
    clipNorm: numberOr(values.clip, 1),
    parameters: numberOr(values.parameters, 7_850),
    bits: numberOr(values.bits, 20),
    minSurvivors: numberOr(values['min-survivors'], Math.ceil((2 * clients) / 3)),
    accomplices: numberOr(values.accomplices, 1),
    lanes: (values.lane ?? []).map((text) => numberOr(text, NaN)),
    adaptiveClip: values['adaptive-clip'] ?? false,
  };
  return { settings, json: values.json ?? false };
}

/** Runs `plan` with its options. */
export function planCommand(options: readonly string[]): Outcome {
  const { settings, json } = planSettings(options);
  const result = planRun(settings);
  if (!result.ok)
    return { text: json ? jsonText({ ok: false, fault: result.fault }) : refusal(result.fault), status: 1 };
  const advice = adviceFor(settings, result.value);
  const outlook = outlookOf(result.value);
  const text = json
    ? jsonText({ ok: true, settings, plan: result.value, outlook, advice })
    : table(settings, result.value, advice);
  return { text, status: 0 };
}

const jsonText = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

function refusal({ setting, reason, nearest }: SettingFault): string {
  const hint =
    nearest === null
      ? 'Nothing else works with the other settings as they are.'
      : `Nearest that works: ${FLAGS[setting]} ${nearest}`;
  return `Refused: ${reason}.\n${hint}\n`;
}

const digits = (value: number, count = 4): string => String(Number(value.toPrecision(count)));
/** ε is never shown smaller than it is. */
const epsilonText = (value: number): string => (Math.ceil(value * 100 - 1e-9) / 100).toFixed(2);

function table(settings: PlanSettings, plan: Plan, advice: readonly Advice[]): string {
  const total = plan.uploadBytes * settings.participations;
  const rows: [string, string][] = [
    [
      'ε after all participations',
      `${epsilonText(plan.epsilon)}  (δ = ${settings.delta}, order ${plan.order})`,
    ],
    ['ε if no other tab adds its noise', epsilonText(plan.epsilonAlone)],
    [
      'Counted shares h',
      `${plan.countedShares}  (${settings.minSurvivors} survivors − ${settings.accomplices} accomplices)`,
    ],
    ['Price n/h in variance', digits(plan.price)],
    ['Noise multiplier z', digits(plan.noiseMultiplier)],
    ['Noise in the mean / clip norm', digits(plan.noiseToClip)],
    ['Noise σ, counted', `${digits(plan.noiseStdDev)}  (${digits(plan.noiseSteps)} grid steps)`],
    ['Noise σ of one share', `${digits(plan.shareSteps)} grid steps`],
    ['Scale', `${digits(plan.scale, 6)} grid steps a unit`],
    ['Squared norm bound', String(plan.squaredNormBound)],
    [
      'Vector',
      `${settings.parameters} parameters, ${plan.paddedLength} padded, ${plan.lanes.length} extra ${plan.lanes.length === 1 ? 'lane' : 'lanes'}`,
    ],
    ...clipRows(plan),
    ['Upload', `${plan.uploadBytes} bytes a round, ${total} in all`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return `${[...lines, '', ...verdict(plan, advice)].join('\n')}\n`;
}

function clipRows({ adaptiveClip }: Plan): [string, string][] {
  if (adaptiveClip === null) return [];
  const { laneBound, shareStdDev, noiseFactor } = adaptiveClip;
  return [
    ['Lane of the adaptive clip', `±${laneBound} by whether an update is not longer than the clip`],
    ['  share of such updates', `known to ±${digits(shareStdDev, 2)} a round (one deviation)`],
    ['  price in the update’s noise', `σ × ${digits(noiseFactor)}`],
  ];
}

function verdict(plan: Plan, advice: readonly Advice[]): string[] {
  const { short, why } = OUTLOOK_WORDS[outlookOf(plan)];
  const noise = `The noise in a round's mean is ${digits(plan.noiseToClip, 2)} times the largest possible update.`;
  if (plan.noiseToClip <= NOISE_LIMIT) return [`${short} ${noise} ${why}`];
  return [
    `${short} ${noise} ${why}`,
    ...(advice.length === 0
      ? ['No single setting would bring it down to 1.']
      : [
          'Any one of these would bring it down to 1:',
          ...advice.map(({ setting, value }) => `  ${FLAGS[setting]} ${value}`),
        ]),
  ];
}

async function evaluateStdin(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    process.stdout.write(`${JSON.stringify(answerLine(line))}\n`);
  }
}

async function main([command, ...options]: readonly string[]): Promise<Outcome> {
  if (command === undefined || [command, ...options].some((word) => word === '--help' || word === '-h')) {
    return { text: HELP, status: command === undefined ? 2 : 0 };
  }
  switch (command) {
    case 'eval':
      await evaluateStdin();
      return { text: '', status: 0 };
    case 'groups':
      return { text: `${groupNames.join('\n')}\n`, status: 0 };
    case 'plan':
      try {
        return planCommand(options);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return { text: `${error.message}\n${SEE_HELP}`, status: 2 };
      }
    default:
      return { text: `${command} is not a command.\n${SEE_HELP}`, status: 2 };
  }
}

if (import.meta.main) {
  const { text, status } = await main(process.argv.slice(2));
  (status === 0 ? process.stdout : process.stderr).write(text);
  process.exitCode = status;
}
