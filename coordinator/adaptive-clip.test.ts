/** A clip that adapts, over real sockets: what offers say of it, what is stored of it, and a restart between. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextClipNorm } from '#shared/privacy/adaptive-clip.ts';
import { epsilonOfOffer } from '#shared/privacy/mechanism-epsilon.ts';
import { drawVariance, type MechanismParameters } from '#shared/privacy/mechanism-parameters.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Run } from './run.ts';
import { startParticipants } from './simulate/participants.ts';
import { at, join, outcomes, startRun } from './testing/started-run.ts';
import { playRound, ScriptedPart, trainedParts } from './testing/scripted-round.ts';
import { seen, startTinyCoordinator, tinyRun, type TinyCoordinator } from './testing/tiny-coordinator.ts';

const CLIENTS = 8;
const ROUNDS = 4;
const DELTA = 1e-5;
/** So large an ε that so few are a crowd: z is below 8/20. */
const EPSILON = 45;

let folder: string;
let coordinator: TinyCoordinator;
beforeEach(async () => {
  folder = mkdtempSync(pathOf(tmpdir(), 'chorale-clip-'));
  coordinator = await startTinyCoordinator({ dataFolder: folder });
});
afterEach(async () => {
  await coordinator.close();
  rmSync(folder, { recursive: true });
});

type Mode = 'distributed' | 'central' | 'local';
const adaptive = (mode: Mode, clipNorm: number) =>
  ({ mode, clipNorm, epsilon: EPSILON, delta: DELTA, adaptiveClip: true }) as const;

const settings = (mode: Mode, clipNorm: number): Partial<RunSettingsInput> => ({
  clients: CLIENTS,
  minCohort: 6,
  minSurvivors: 6,
  rounds: ROUNDS,
  privacy: adaptive(mode, clipNorm),
});

const mechanismOf = ({ offer }: ScriptedPart): MechanismParameters =>
  offer.privacy?.mechanism ?? expect.unreachable('the offer carries the noise');

const clipOf = (run: Run, index: number) =>
  at(run.view().rounds, index).clip ?? expect.unreachable('the round has a clip');

/** Plays the next round of the run, and waits until it is stored. */
async function next(run: Run, everyone: Parameters<typeof playRound>[0]) {
  const before = run.view().rounds.length;
  const { parts } = await playRound(everyone);
  await seen(run, () => run.view().rounds.length === before + 1);
  return parts;
}

describe('an adaptive clip', { timeout: 60_000 }, () => {
  for (const mode of ['distributed', 'central', 'local'] as const) {
    it(`CLIP-2, CLIP-4: in mode ${mode} is in each offer what the round before made of it, at the same price`, async () => {
      // Updates of ten numbers in ±1 are about 1.8 long: all are longer than 0.1, and the clip has to grow.
      const { run, everyone } = await startRun(coordinator, CLIENTS, settings(mode, 0.1));
      const first = mechanismOf(at(await next(run, everyone), 0));
      expect(first.clipNorm).toBe(0.1);
      expect(clipOf(run, 0).norm).toBe(0.1);
      const draws = mode === 'central' ? 1 : CLIENTS;
      const σ = Math.sqrt(drawVariance(first) * draws) / (2 * at([...first.lanes], 0) * CLIENTS);
      expect(clipOf(run, 0).within).toBeLessThan(6 * σ);

      const second = mechanismOf(at(await next(run, everyone), 0));
      expect(second.clipNorm).toBe(nextClipNorm(0.1, clipOf(run, 0).within));
      expect(second.clipNorm * second.scale).toBeCloseTo(first.clipNorm * first.scale, 9);
      expect(second).toMatchObject({
        noiseSteps: first.noiseSteps,
        squaredNormBound: first.squaredNormBound,
        lanes: first.lanes,
      });
      // What two rounds have cost is what two rounds of the promised mechanism cost, with its lane.
      expect(run.view().live.privacy.spentEpsilon).toBeCloseTo(epsilonOfOffer(first, 2, DELTA), 9);
      expect(epsilonOfOffer({ ...first, lanes: [] }, 2, DELTA)).toBeLessThan(epsilonOfOffer(first, 2, DELTA));
      expect(run.view().live.privacy.adaptsClip).toBe(true);
    });
  }

  it('CLIP-4: goes on after a restart in mid-round with the clip that it had, and an aborted attempt does not move it', async () => {
    const { run, everyone } = await startRun(coordinator, CLIENTS, settings('central', 20));
    await next(run, everyone);
    await next(run, everyone);
    const expected = nextClipNorm(clipOf(run, 1).norm, clipOf(run, 1).within);
    // All updates are shorter than 20: both rounds have lowered it.
    expect(expected).toBeLessThan(20);
    const cutOff = await trainedParts(everyone);
    expect(mechanismOf(at(cutOff, 0)).clipNorm).toBe(expected);
    await coordinator.close();

    coordinator = await startTinyCoordinator({ dataFolder: folder });
    const found = coordinator.openRun() ?? expect.unreachable('the run is still there');
    expect(outcomes(found)).toEqual([
      [1, 1, 'done', null],
      [2, 1, 'done', null],
      [3, 1, 'aborted', 'coordinator-restarted'],
    ]);
    const again = await Promise.all(everyone.map(({ secretKey }) => join(coordinator, found, secretKey)));
    const parts = await next(found, again);
    expect(parts.map((part) => mechanismOf(part).clipNorm)).toEqual(parts.map(() => expected));
    expect(clipOf(found, 3).norm).toBe(expected);
    const last = mechanismOf(await ScriptedPart.of(at(again, 0)));
    expect(last.clipNorm).toBe(nextClipNorm(expected, clipOf(found, 3).within));
  });

  it('CLIP-3: is taken by Node participants, who check each offer, in every round', async () => {
    const clients = 6;
    const training = { epochs: 1, batchSize: 2, learningRate: 0.5, optimizer: { kind: 'sgd' } } as const;
    const run = await coordinator.createRun(
      tinyRun({ ...settings('distributed', 20), clients, minCohort: clients, rounds: 2, training }),
    );
    const { id, invitation } = run.record;
    const participants = startParticipants({ origin: coordinator.origin, run: id, invitation }, clients);
    await seen(run, () => run.view().live.here === clients);
    await run.start();
    await participants.ended;
    await participants.close();
    expect(run.view().rounds.map((round) => [round.outcome, round.participants])).toEqual([
      ['done', clients],
      ['done', clients],
    ]);
    expect(clipOf(run, 1).norm).toBe(nextClipNorm(20, clipOf(run, 0).within));
  });

  it('is refused for a cohort that is too small, with the nearest that is not', async () => {
    const privacy = { ...adaptive('central', 1), epsilon: 8 };
    const small = tinyRun({ ...settings('central', 1), privacy });
    await expect(coordinator.createRun(small)).rejects.toThrow(
      /^clients: clients 8 are too few: an adaptive clip .* The nearest that works is \d+\.$/,
    );
  });
});
