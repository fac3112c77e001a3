/** Rounds under noise, over real sockets: what comes out of the sum, what is counted, and how a run ends by itself. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epsilonOfOffer } from '#shared/privacy/mechanism-epsilon.ts';
import { drawVariance, type MechanismParameters } from '#shared/privacy/mechanism-parameters.ts';
import { parametersOfBytes } from '#shared/tasks/parameters.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import { at, join, outcomes, startRun } from './testing/started-run.ts';
import { playRound, ScriptedPart, trainedParts } from './testing/scripted-round.ts';
import { seen, startTinyCoordinator, tinyRun, type TinyCoordinator } from './testing/tiny-coordinator.ts';

let coordinator: TinyCoordinator;
beforeEach(async () => {
  coordinator = await startTinyCoordinator();
});
afterEach(() => coordinator.close());

type Mode = 'distributed' | 'central' | 'local';
const noisy = (mode: Mode, epsilon = 8) => ({
  mode,
  clipNorm: 1,
  epsilon,
  delta: 1e-5,
});
const PARAMETERS = 10;

async function modelOf(hash: string): Promise<Float32Array> {
  const response = await fetch(`${coordinator.origin}/api/models/${hash}`);
  const model = parametersOfBytes(new Uint8Array(await response.arrayBuffer()), hash as never, PARAMETERS);
  return model.ok ? model.value : expect.unreachable(model.fault);
}

/** Clipped to 1 and averaged, every participant alike. */
function trueMean(parts: readonly ScriptedPart[]): number[] {
  return Array.from({ length: PARAMETERS }, (_, i) =>
    parts.reduce((sum, { delta }) => {
      const norm = Math.hypot(...delta);
      return sum + (at([...delta], i) * Math.min(1, 1 / norm)) / parts.length;
    }, 0),
  );
}

/** σ of one coordinate of the mean of `survivors`. */
const deviationOf = (mechanism: MechanismParameters, survivors: number): number => {
  const draws = mechanism.mode === 'central' ? 1 : survivors;
  return Math.sqrt(drawVariance(mechanism) * draws) / (mechanism.scale * survivors);
};

describe('a round under noise', () => {
  for (const mode of ['distributed', 'central', 'local'] as const) {
    it(`in mode ${mode} gives the mean of all alike, as far off as its noise says`, async () => {
      const { run, everyone } = await startRun(coordinator, 5, { rounds: 2, privacy: noisy(mode) });
      const before = await modelOf(run.record.modelHash);
      const { parts, results, plainSumHash } = await playRound(everyone);
      await seen(run, () => run.view().rounds.length === 1);
      const { privacy } = at(parts, 0).offer;
      if (privacy === null) return expect.unreachable('the offer carries the noise');
      const after = await modelOf(run.record.modelHash);
      const truth = trueMean(parts);
      const σ = deviationOf(privacy.mechanism, 5);
      const errors = truth.map((mean, i) => (at([...after], i) - at([...before], i) - mean) / σ);
      // Six deviations each, and not nothing: the square sum of ten normal draws is above 0.7 but once in 10⁵.
      expect(errors.every((error) => Math.abs(error) < 6)).toBe(true);
      expect(errors.reduce((sum, error) => sum + error ** 2, 0)).toBeGreaterThan(0.7);
      // What is published of a sum has its noise: of the central mode's, no hash of the exact one.
      const view = at(run.view().rounds, 0);
      expect(view.sumHash === plainSumHash).toBe(mode !== 'central');
      expect(results).toHaveLength(5);
      expect(view.epsilon).toBeCloseTo(epsilonOfOffer(privacy.mechanism, 1, 1e-5), 9);
      expect(run.view().live.privacy).toMatchObject({ mode, roundsSpent: 1, roundsMax: 2, epsilonMax: 8 });
    });
  }

  it('LEDGER-2: counts a sum before anybody is asked for a share, and though nothing is opened in the end', async () => {
    const { run, everyone } = await startRun(coordinator, 5, {
      rounds: 2,
      minSurvivors: 3,
      dropoutPerMille: 300,
      privacy: noisy('distributed'),
    });
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    await Promise.all(
      parts.map(async (part, i) => {
        const packed = await part.mask();
        if (i === 4) return part.who.drop();
        return part.upload(packed);
      }),
    );
    const left = parts.slice(0, 4);
    // The request has come to the first: all four are counted by then.
    await left[0]?.confirm();
    expect(run.view().live.privacy.roundsSpent).toBe(1);
    await left[0]?.who.drop();
    await Promise.all(left.slice(1).map((part) => part.unmask()));
    await seen(run, () => run.view().rounds.length === 1);
    expect(outcomes(run)).toEqual([[1, 1, 'aborted', 'too-few-shares']]);
    expect(run.view().live.privacy.roundsSpent).toBe(1);
  });
});

describe('a run under noise', () => {
  it('ends by itself when too few may take part once more', async () => {
    const { run, everyone } = await startRun(coordinator, 3, {
      rounds: 5,
      privacy: { ...noisy('distributed'), participations: 2 },
    });
    await playRound(everyone);
    await playRound(everyone);
    await Promise.all(everyone.map((who) => who.next('finished')));
    expect(run.view().live.state).toBe('stopped');
    expect(run.view().endedBecause).toBe(
      'The privacy budget is spent after 2 of 5 rounds: 0 participants may still take part, and a round needs 3.',
    );
    const { spentEpsilon, epsilonMax } = run.view().live.privacy;
    expect(spentEpsilon).toBeLessThanOrEqual(epsilonMax ?? 0);
    expect(spentEpsilon).toBeGreaterThan(0.99 * (epsilonMax ?? 0));
  });

  it('LEDGER-3: offers its rounds to those who have spent least, no more than the noise is for', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 2, privacy: noisy('distributed') });
    const first = await trainedParts(everyone);
    const late = await join(coordinator, run);
    await Promise.all(first.map((part) => part.uploadForRoster()));
    await Promise.all(first.map((part) => part.unmask()));
    const second = await late.next('offer');
    expect(second.kind).toBe('offer');
    expect(run.view().live.cohort.invited).toBe(3);
  });

  it('LEDGER-3: takes no more of one whose policy says no', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 2, privacy: noisy('local') });
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    const { who: refusing, sidBytes } = at(parts, 0);
    refusing.send({ kind: 'decline', sid: sidBytes, reason: 'policy' });
    await Promise.all(everyone.map((who) => who.next('finished')));
    expect(run.view().endedBecause).toContain('2 participants may still take part, and a round needs 3');
  });

  it.each<[string, Partial<RunSettingsInput>, RegExp]>([
    ['δ', { privacy: { ...noisy('central'), delta: 0.5 } }, /^privacy\.delta: .*The nearest/],
    ['a clip', { privacy: { ...noisy('local'), clipNorm: 0 } }, /^privacy\.clipNorm: /],
    [
      'accomplices',
      { clients: 10, accomplicesPerMille: 400, privacy: noisy('local') },
      /^accomplicesPerMille: accomplices 4 /,
    ],
  ])('is not made with %s that cannot be', async (_, changes, reason) => {
    await expect(coordinator.createRun(tinyRun(changes))).rejects.toThrow(reason);
  });
});
