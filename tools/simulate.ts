/** `npm run simulate`: a run with Node participants alone, in worker threads, on a coordinator of its own. */
import { createCoordinator } from '../coordinator/coordinator.ts';
import { DEFAULT_CONFIG } from '../coordinator/config.ts';
import { startParticipants } from '../coordinator/simulate/participants.ts';
import { followRun, gathered } from './follow-run.ts';
import { readOptions, SHARED_USAGE } from './options.ts';
import { prepareData } from './prepare-data.ts';
import { createReporter } from './report.ts';

/** Slow machines start with whoever is here by then. */
const GATHERING_MS = 60_000;

const USAGE = `Usage: npm run simulate -- [options]

Trains a task with Node participants, and prints a table.

${SHARED_USAGE}`;

const { settings, json } = readOptions(USAGE, []);
prepareData();
const reporter = createReporter(json);
const coordinator = await createCoordinator({
  ...DEFAULT_CONFIG,
  port: 0,
  dataFolder: null,
  pagesFolder: null,
});
const run = await coordinator.createRun(settings);
const origin = `http://127.0.0.1:${coordinator.port}`;
const participants = startParticipants(
  { origin, run: run.record.id, invitation: run.record.invitation },
  settings.clients,
);
try {
  await Promise.race([gathered(run, GATHERING_MS), participants.ended]);
  reporter.begin();
  await Promise.all([run.start(), followRun(run, reporter), participants.ended]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await participants.close();
  await coordinator.close();
}
