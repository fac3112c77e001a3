/** A coordinator on a free loopback port, in memory, with tasks of a few parameters. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mnistTask } from '#shared/tasks/mnist.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import { DEFAULT_CONFIG, type Config } from '../config.ts';
import { createCoordinator, type Coordinator } from '../coordinator.ts';
import type { Run } from '../run.ts';
import { writeDataset } from './dataset.ts';

/** One dense layer of two units. */
const denseTask = (id: string, inputs: number): Task => ({
  ...mnistTask,
  id,
  model: {
    ...mnistTask.model,
    inputShape: [inputs],
    layers: [{ kind: 'dense', units: 2, activation: 'linear' }],
  },
  quantization: { range: 1, bits: 16 },
  weightMax: 100,
});

/** Ten parameters. */
export const tinyTask = denseTask('tiny', 4);
/** An update takes two chunks. */
const wideTask = denseTask('wide', 65_536);

export interface TinyCoordinator extends Coordinator {
  readonly origin: string;
}

export async function startTinyCoordinator(changes: Partial<Config> = {}): Promise<TinyCoordinator> {
  const demoFolder = mkdtempSync(join(tmpdir(), 'chorale-demo-'));
  writeDataset(demoFolder, tinyTask);
  const coordinator = await createCoordinator({
    ...DEFAULT_CONFIG,
    port: 0,
    dataFolder: null,
    pagesFolder: null,
    demoFolder,
    tasks: [tinyTask, wideTask],
    logLevel: 'silent',
    connection: { ...DEFAULT_CONFIG.connection, graceMs: 20 },
    ...changes,
  });
  return {
    ...coordinator,
    origin: `http://127.0.0.1:${coordinator.port}`,
    close: async () => {
      await coordinator.close();
      rmSync(demoFolder, { recursive: true });
    },
  };
}

export const tinyRun = (changes: Partial<RunSettingsInput> = {}): RunSettingsInput => ({
  taskId: 'tiny',
  clients: 3,
  rounds: 1,
  ...changes,
});

/** Resolves when `what` holds of the run; asked again at each of its events. */
export function seen(run: Run, what: (run: Run) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!what(run)) return;
      stop();
      resolve();
    };
    const stop = run.feed.subscribe(look);
    look();
  });
}
