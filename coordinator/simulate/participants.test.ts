/** Node participants in their threads, against a coordinator on a free port and a data set of thirty patterns. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetManifest } from '#shared/data/manifest.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { mnistTask } from '#shared/tasks/mnist.ts';
import type { Task } from '#shared/tasks/task.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { createCoordinator, type Coordinator } from '../coordinator.ts';
import type { Run } from '../run.ts';
import { startParticipants, type SimulatedParticipants } from './participants.ts';

const INPUTS = 8;
const EXAMPLES = 10;
const patterns: Task = {
  ...mnistTask,
  id: 'patterns',
  model: {
    ...mnistTask.model,
    inputShape: [INPUTS],
    layers: [{ kind: 'dense', units: 2, activation: 'linear' }],
  },
  training: { epochs: 5, batchSize: 2, learningRate: 0.5, optimizer: { kind: 'sgd' } },
};
const PARAMETERS = parameterCount(patterns.model);

/** Class 0 lights the first half of the inputs, class 1 the second. */
function chunk(folder: string, file: string) {
  const bytes = new Uint8Array(EXAMPLES * (INPUTS + 1));
  for (let i = 0; i < EXAMPLES; i++) {
    const label = i % 2;
    bytes.fill(255, i * INPUTS + label * 4, i * INPUTS + label * 4 + 4);
    bytes[EXAMPLES * INPUTS + i] = label;
  }
  writeFileSync(join(folder, file), bytes);
  return { file, examples: EXAMPLES, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function writeDataset(demoFolder: string): void {
  const folder = join(demoFolder, 'mnist');
  mkdirSync(folder);
  const train = [0, 1, 2].map((i) => chunk(folder, `train-00${i}.bin`));
  const manifest: DatasetManifest = {
    version: 1,
    dataset: 'mnist',
    inputBytes: INPUTS,
    classes: 2,
    train,
    test: chunk(folder, 'test.bin'),
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

const seen = (run: Run, what: (run: Run) => boolean) =>
  new Promise<void>((resolve) => {
    const look = () => {
      if (!what(run)) return;
      stop();
      resolve();
    };
    const stop = run.feed.subscribe(look);
    look();
  });

describe('Node participants', { timeout: 60_000 }, () => {
  let demoFolder: string;
  let coordinator: Coordinator;
  let participants: SimulatedParticipants | null = null;

  const startFor = (run: Run, count: number, invitation = run.record.invitation) => {
    const origin = `http://127.0.0.1:${coordinator.port}`;
    participants = startParticipants({ origin, run: run.record.id, invitation }, count);
    return participants;
  };

  beforeEach(async () => {
    demoFolder = mkdtempSync(join(tmpdir(), 'chorale-patterns-'));
    writeDataset(demoFolder);
    coordinator = await createCoordinator({
      ...DEFAULT_CONFIG,
      port: 0,
      dataFolder: null,
      pagesFolder: null,
      demoFolder,
      tasks: [patterns],
    });
  });

  afterEach(async () => {
    await participants?.close();
    participants = null;
    await coordinator.close();
    rmSync(demoFolder, { recursive: true });
  });

  it('more than there are cores take part in every round, and the shared model learns', async () => {
    const run = await coordinator.createRun({ taskId: 'patterns', clients: 5, rounds: 2 });
    const { ended } = startFor(run, 5);
    await seen(run, () => run.view().live.here === 5);
    await run.start();
    await ended;
    await seen(run, () => run.view().rounds.every((round) => round.accuracy !== null));
    const rounds = run
      .view()
      .rounds.map(({ round, attempt, outcome, participants: count }) => [round, attempt, outcome, count]);
    expect(rounds).toEqual([
      [1, 1, 'done', 5],
      [2, 1, 'done', 5],
    ]);
    expect(run.view().rounds[1]?.accuracy).toBe(1);
    expect(run.view().rounds[1]?.bytesPerTab).toBeGreaterThan(4 * (PARAMETERS + 1));
  });

  it('that cannot take part say why', async () => {
    const run = await coordinator.createRun({ taskId: 'patterns', clients: 3, rounds: 1 });
    const { ended } = startFor(run, 3, 'A'.repeat(22));
    await expect(ended).rejects.toThrow('This invitation does not open this run.');
  });

  it('whose shard is damaged name the file', async () => {
    writeFileSync(join(demoFolder, 'mnist', 'train-001.bin'), new Uint8Array(EXAMPLES * (INPUTS + 1)));
    const run = await coordinator.createRun({ taskId: 'patterns', clients: 3, rounds: 1 });
    const { ended } = startFor(run, 3);
    await expect(ended).rejects.toThrow(/train-001\.bin is not the file that was published/);
  });

  it('are gone when they are closed', async () => {
    const run = await coordinator.createRun({ taskId: 'patterns', clients: 3, rounds: 1 });
    const { close } = startFor(run, 3);
    await seen(run, () => run.view().live.here === 3);
    await close();
    await seen(run, () => run.view().live.here === 0);
    expect(run.view().live.state).toBe('waiting');
  });
});
