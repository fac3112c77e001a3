/** Node participants in their threads, against a coordinator on a free port and a data set of ten patterns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parameterCount } from '#shared/tasks/layout.ts';
import type { Run } from '../run.ts';
import { writeDataset } from '../testing/dataset.ts';
import {
  seen,
  startTinyCoordinator,
  tinyRun,
  tinyTask,
  type TinyCoordinator,
} from '../testing/tiny-coordinator.ts';
import { startParticipants, type SimulatedParticipants } from './participants.ts';

const training = { epochs: 5, batchSize: 2, learningRate: 0.5, optimizer: { kind: 'sgd' } } as const;

describe('Node participants', { timeout: 60_000 }, () => {
  let coordinator: TinyCoordinator | null = null;
  let participants: SimulatedParticipants | null = null;

  const startFor = ({ origin }: TinyCoordinator, run: Run, invitation = run.record.invitation) => {
    const { id, settings } = run.record;
    participants = startParticipants({ origin, run: id, invitation }, settings.clients);
    return participants;
  };

  afterEach(async () => {
    await participants?.close();
    await coordinator?.close();
    participants = null;
    coordinator = null;
  });

  it('more than there are cores take part in every round, and the shared model learns', async () => {
    coordinator = await startTinyCoordinator();
    const run = await coordinator.createRun(tinyRun({ clients: 5, rounds: 2, training }));
    const { ended } = startFor(coordinator, run);
    await seen(run, () => run.view().live.here === 5);
    await run.start();
    await ended;
    await seen(run, () => run.view().rounds.every((round) => round.accuracy !== null));
    const { rounds } = run.view();
    expect(rounds.map(({ round, outcome }) => [round, outcome])).toEqual([
      [1, 'done'],
      [2, 'done'],
    ]);
    expect(rounds.map((round) => round.participants)).toEqual([5, 5]);
    expect(rounds.at(-1)?.accuracy).toBe(1);
    expect(rounds.at(-1)?.bytesPerTab).toBeGreaterThan(4 * (parameterCount(tinyTask.model) + 1));
  });

  it('that cannot take part say why', async () => {
    coordinator = await startTinyCoordinator();
    const run = await coordinator.createRun(tinyRun());
    const other = await coordinator.createRun(tinyRun());
    const { ended } = startFor(coordinator, run, other.record.invitation);
    await expect(ended).rejects.toThrow('This invitation does not open this run.');
    const broken = startFor(coordinator, run, 'A'.repeat(22));
    await expect(broken.ended).rejects.toThrow('invitation: it is cut short or spoilt');
  });

  it('whose shard is damaged name the file', async () => {
    const demoFolder = mkdtempSync(join(tmpdir(), 'chorale-damaged-'));
    writeDataset(demoFolder, tinyTask);
    writeFileSync(join(demoFolder, 'mnist', 'train-000.bin'), new Uint8Array(50));
    coordinator = await startTinyCoordinator({ demoFolder });
    const run = await coordinator.createRun(tinyRun());
    const { ended } = startFor(coordinator, run);
    await expect(ended).rejects.toThrow(/train-000\.bin is not the file that was published/);
    rmSync(demoFolder, { recursive: true });
  });

  it('are gone when they are closed', async () => {
    coordinator = await startTinyCoordinator();
    const run = await coordinator.createRun(tinyRun());
    const { close } = startFor(coordinator, run);
    await seen(run, () => run.view().live.here === 3);
    await close();
    await seen(run, () => run.view().live.here === 0);
    expect(run.view().live.state).toBe('waiting');
  });
});
