/** `npm start`: serves for real use, and prints three links. */
import { networkInterfaces } from 'node:os';
import { readConfig, USAGE, type Config } from './config.ts';
import { createCoordinator, type Coordinator } from './coordinator.ts';

const DEFAULT_RUN = { taskId: 'mnist', clients: 3, rounds: 10 };

/** Where others reach this machine; null on loopback. */
function lanAddress(host: string): string | null {
  if (host === '127.0.0.1' || host === 'localhost' || host === '::1') return null;
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? null;
}

async function printLinks(coordinator: Coordinator, config: Config): Promise<void> {
  const run = coordinator.openRun() ?? (await coordinator.createRun(DEFAULT_RUN));
  const lan = lanAddress(config.host);
  const links = (origin: string) => {
    const admin =
      coordinator.freshToken === null ? `${origin}/admin` : `${origin}/admin#${coordinator.freshToken}`;
    return `  admin        ${admin}\n  invitation   ${run.invitations.joinPath === null ? 'made on the admin page' : `${origin}${run.invitations.joinPath}`}\n  public page  ${origin}/runs/${run.record.id}\n`;
  };
  const print = (text: string) => process.stdout.write(text);
  print(`Chorale is up.\n\n${links(`http://localhost:${coordinator.port}`)}`);
  if (lan !== null) print(`\nFor others on this network:\n\n${links(`http://${lan}:${coordinator.port}`)}`);
  if (coordinator.freshToken === null)
    print('\nThe admin token was printed at the first start; --new-token makes another.\n');
  if (lan === null) print('\nOnly this machine can reach it; --host opens it to the network.\n');
}

/** The sentence for a start that failed. */
function explain(error: unknown, config: Config): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return `Port ${config.port} is in use, perhaps by another Chorale: stop it, or choose another with --port.`;
  if (code === 'EACCES' && error instanceof Error && 'port' in error)
    return `Port ${config.port} may not be opened by this user: choose one above 1023 with --port.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `--host: ${config.host} is no address of this machine.`;
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<number | null> {
  let config: Config | 'help';
  try {
    config = readConfig(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (config === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    const coordinator = await createCoordinator(config);
    const stop = () => void coordinator.close().then(() => process.exit(0));
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    await printLinks(coordinator, config);
    return null;
  } catch (error) {
    process.stderr.write(`${explain(error, config)}\n`);
    return 1;
  }
}

const code = await main();
if (code !== null) process.exitCode = code;
