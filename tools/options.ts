/** The flags that demo and simulator share. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import * as v from 'valibot';
import { findTask } from '#shared/tasks/catalogue.ts';
import { runSettings, type RunSettingsInput } from '#shared/tasks/run.ts';

const SHARED_FLAGS = {
  clients: { type: 'string', default: '8' },
  rounds: { type: 'string', default: '10' },
  task: { type: 'string', default: 'mnist' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export const SHARED_USAGE = `  --clients N   participants, at least 3 (default 8)
  --rounds N    rounds to train (default 10)
  --task ID     what to learn (default mnist)
  --seed N      seeds the first model and every shuffle (default 1)
  --json        only JSON lines on stdout, one a round
  --help        this text
`;

export interface RunOptions {
  readonly settings: RunSettingsInput;
  readonly json: boolean;
  /** Flags of this command alone. */
  readonly flags: ReadonlySet<string>;
}

/**
 * Prints the usage or what is wrong with the flags and ends the process, or returns them.
 *
 * @param own names of this command's own boolean flags
 */
export function readOptions(usage: string, own: readonly string[]): RunOptions {
  const options: NonNullable<ParseArgsConfig['options']> = { ...SHARED_FLAGS };
  for (const name of own) options[name] = { type: 'boolean' };
  try {
    const { values } = parseArgs({ options });
    if (values['help']) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const integer = (name: string) => {
      const text = String(values[name]);
      if (!/^\d+$/.test(text)) throw new Error(`--${name}: "${text}" is not a whole number`);
      return Number(text);
    };
    const settings = {
      taskId: String(values['task']),
      clients: integer('clients'),
      rounds: integer('rounds'),
      seed: integer('seed'),
    };
    const task = findTask(settings.taskId);
    if (!task.ok) throw new Error(`--task: ${task.fault}`);
    const parsed = v.safeParse(runSettings, settings);
    if (!parsed.success) throw new Error(`--${parsed.issues[0].message}`);
    return {
      settings,
      json: values['json'] === true,
      flags: new Set(own.filter((name) => values[name] === true)),
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
