/** Settings of the coordinator, from flags and the environment. Bad ones fail at start, by name. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { HELLO_MS, LIVENESS_MS, RECONNECT_GRACE_MS } from '#shared/protocol/limits.ts';
import { iceServers, type IceServers } from '#shared/protocol/peer-settings.ts';
import { TASKS } from '#shared/tasks/catalogue.ts';
import type { Task } from '#shared/tasks/task.ts';

export interface Config {
  /** 0 picks a free port. */
  readonly port: number;
  /** Address to bind; loopback unless opened. */
  readonly host: string;
  /** The SQLite file's folder; null keeps everything in memory. */
  readonly dataFolder: string | null;
  /** Prepared demo data sets, one folder each. */
  readonly demoFolder: string;
  /** The built pages; null serves none (the simulator needs none). */
  readonly pagesFolder: string | null;
  /** Print and store a new admin token, ending every session. */
  readonly newToken: boolean;
  readonly tasks: readonly Task[];
  /**
   * A socket that sends no hello in time, or answers no ping until the next, is closed; a participant whose socket
   * closed may come back into its round within `graceMs`.
   */
  readonly connection: { readonly helloMs: number; readonly livenessMs: number; readonly graceMs: number };
  /** STUN and TURN servers that tabs may use to reach each other; none within one network. */
  readonly iceServers: IceServers;
  readonly logLevel: 'silent' | 'warn' | 'info';
}

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
export const DEFAULT_PORT = 8787;
const LOOPBACK = '127.0.0.1';

export const DEFAULT_CONFIG: Config = {
  port: DEFAULT_PORT,
  host: LOOPBACK,
  dataFolder: folder('../data'),
  demoFolder: folder('../web/static/demo'),
  pagesFolder: folder('../build'),
  newToken: false,
  tasks: TASKS,
  connection: { helloMs: HELLO_MS, livenessMs: LIVENESS_MS, graceMs: RECONNECT_GRACE_MS },
  iceServers: [],
  logLevel: 'warn',
};

export const USAGE = `Usage: npm start -- [options]

  --port N        port to listen on (default ${DEFAULT_PORT}; CHORALE_PORT)
  --host [ADDR]   listen beyond this machine: on ADDR, or on every address
                  (default: this machine only; CHORALE_HOST)
  --data FOLDER   where runs, models and the log are kept (default ./data; CHORALE_DATA)
  --pages FOLDER  the built pages (default ./build)
  --ice-servers S STUN and TURN servers for tabs behind different routers: JSON as
                  [{"urls": "stun:…"}], or a file that holds it (default: none)
  --new-token     make a new admin token and end every session
  --verbose       log what happens
  --help          this text
`;

/** 'help' where the usage is asked for. Throws an Error naming the setting that is wrong. */
export function readConfig(
  args: readonly string[],
  env: Record<string, string | undefined>,
): Config | 'help' {
  const { values } = parseArgs({
    // A bare --host opens every address.
    args: args.flatMap((arg, i) =>
      arg === '--host' && (args[i + 1] ?? '--').startsWith('--') ? ['--host', '0.0.0.0'] : [arg],
    ),
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      data: { type: 'string' },
      pages: { type: 'string' },
      'ice-servers': { type: 'string' },
      'new-token': { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const port =
    readPort('--port', values.port) ?? readPort('CHORALE_PORT', env['CHORALE_PORT']) ?? DEFAULT_PORT;
  const hostSetting = values.host === undefined ? 'CHORALE_HOST' : '--host';
  const host = values.host ?? env['CHORALE_HOST'] ?? LOOPBACK;
  if (host.trim() === '') throw new Error(`${hostSetting}: an address to listen on is missing`);
  return {
    ...DEFAULT_CONFIG,
    port,
    host,
    dataFolder: values.data ?? env['CHORALE_DATA'] ?? DEFAULT_CONFIG.dataFolder,
    pagesFolder: values.pages ?? DEFAULT_CONFIG.pagesFolder,
    newToken: values['new-token'],
    iceServers: readIceServers(values['ice-servers']),
    logLevel: values.verbose ? 'info' : 'warn',
  };
}

function readPort(setting: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d+$/.test(text) || Number(text) > 65_535)
    throw new Error(`${setting}: "${text}" is not a port (0 to 65535)`);
  return Number(text);
}

/** JSON itself, or the path of a file that holds it. */
function readIceServers(given: string | undefined): IceServers {
  if (given === undefined) return [];
  const parsed = v.safeParse(iceServers, parseJson(given.trim().startsWith('[') ? given : readText(given)));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const place = v.getDotPath(issue);
  throw new Error(`--ice-servers: ${place === null ? '' : `${place}: `}${issue.message}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--ice-servers: ${path} cannot be read`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('--ice-servers: not JSON', { cause: error });
  }
}
