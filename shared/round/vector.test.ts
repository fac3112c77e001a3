import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { noblePrg } from '../crypto/mask.ts';
import { addVector } from '../numeric/ring.ts';
import { drawVariance } from '../privacy/mechanism-parameters.ts';
import { checkedPrivacy } from '../privacy/settings.ts';
import { parameterCount } from '../tasks/layout.ts';
import { offer, policy, task } from './client/examples.ts';
import { meanOfSum, vectorOfUpdate, vectorWordsOf } from './vector.ts';

const parameters = parameterCount(task.model);
const sid = policy.ledger?.sid ?? expect.unreachable();
const secret = { random: seededRandom('vector') };

/** Large enough for an adaptive clip at this ε. */
const CROWD = 40;
const ADAPTIVE = { clients: CROWD, minSurvivors: CROWD, adaptiveClip: true };

function terms(
  mode: 'none' | 'distributed' | 'central' | 'local',
  { clients = 4, minSurvivors = 3, adaptiveClip = false } = {},
) {
  if (mode === 'none') return { offer, sid };
  const run = { clients, rounds: 1, minSurvivors, accomplices: 1, parameters, lanes: [] };
  const settings = { mode, clipNorm: 1, bits: 20, epsilon: 8, delta: 1e-5, adaptiveClip };
  const checked = checkedPrivacy(settings, run);
  if (!checked.ok || checked.value === null) return expect.unreachable();
  const privacy = checked.value;
  return { offer: { ...offer, privacy, vectorWords: vectorWordsOf(privacy, parameters) }, sid };
}

const delta = Float32Array.from({ length: parameters }, (_, i) => (i - 2) / 10);
const broken = delta.with(3, Number.NaN);

describe('a vector', () => {
  it.each(['none', 'distributed', 'central', 'local'] as const)(
    'in mode %s has the words its offer says',
    (mode) => {
      const words = vectorOfUpdate({ delta, examples: 3 }, terms(mode), secret);
      expect(words.ok && words.value.length).toBe(terms(mode).offer.vectorWords);
    },
  );

  it('without noise is none of an update that failed, is not finite, or is of too many examples', () => {
    for (const trained of [null, { delta: broken, examples: 3 }, { delta, examples: 101 }])
      expect(vectorOfUpdate(trained, terms('none'), secret)).toEqual({ ok: false, fault: 'unusable' });
  });

  it('under noise always is one: nobody drops out because of its data', () => {
    for (const mode of ['distributed', 'central', 'local'] as const)
      for (const trained of [null, { delta: broken, examples: 3 }, { delta, examples: 1_000_000 }]) {
        const words = vectorOfUpdate(trained, terms(mode), secret);
        expect(words.ok && words.value.length).toBe(terms(mode).offer.vectorWords);
        // Noise of the tab's own is there whatever it has learnt; in the central mode the zeros are masked alone.
        if (words.ok && trained?.delta !== delta)
          expect(words.value.subarray(0, -1).some((word) => word !== 0)).toBe(mode !== 'central');
      }
  });

  it('counts alike under noise, however many examples it is from, and weighs by them without', () => {
    const sum = (mode: 'none' | 'central') => {
      const total = new Uint32Array(terms(mode).offer.vectorWords);
      for (const [sign, examples] of [
        [1, 90],
        [-1, 10],
        [0, 1],
      ] as const) {
        const words = vectorOfUpdate({ delta: delta.map((x) => sign * x), examples }, terms(mode), secret);
        if (words.ok) addVector(total, words.value);
      }
      return meanOfSum(total, 3, terms(mode), secret);
    };
    const weighed = sum('none');
    expect(weighed.ok && weighed.value.mean[5]).toBeCloseTo((0.3 * 80) / 101, 3);
    const alike = sum('central');
    const { privacy } = terms('central').offer;
    const σ = (privacy?.mechanism.noiseSteps ?? 0) / (privacy?.mechanism.scale ?? 1) / 3;
    expect(alike.ok && Math.abs(alike.value.mean[5] ?? Infinity)).toBeLessThan(6 * σ);
  });

  it.each(['distributed', 'central', 'local'] as const)(
    'CLIP-1: in mode %s says in a lane of its own whether the update kept to the clip; zeros do not say',
    (mode) => {
      const adaptive = terms(mode, ADAPTIVE);
      const mechanism = adaptive.offer.privacy?.mechanism ?? expect.unreachable();
      const [bound = NaN] = mechanism.lanes;
      const laneSums = [1, 1.01, Number.NaN].map((factor) => {
        // Of one exact norm, then a little more, then of none at all.
        const update = new Float32Array(parameters);
        update[0] = factor * mechanism.clipNorm;
        const words = vectorOfUpdate({ delta: update, examples: 3 }, adaptive, secret);
        const word = words.ok ? (words.value.at(-2) ?? NaN) : NaN;
        return (word << (32 - mechanism.bits)) >> (32 - mechanism.bits);
      });
      const σ = mode === 'central' ? 0 : Math.sqrt(drawVariance(mechanism));
      for (const [i, expected] of [bound, -bound, 0].entries())
        expect(Math.abs((laneSums[i] ?? NaN) - expected)).toBeLessThanOrEqual(6 * σ);
    },
  );

  it('CLIP-4: of a sum gives the share of updates within the clip, and none where the clip stays', () => {
    const sum = (mode: 'none' | 'central', adapts: boolean) => {
      const given = terms(mode, adapts ? ADAPTIVE : {});
      const total = new Uint32Array(given.offer.vectorWords);
      for (let i = 0; i < CROWD; i++) {
        // Three in four keep to the clip of 1.
        const update = new Float32Array(parameters);
        update[i % parameters] = i % 4 === 0 ? 1.5 : 0.5;
        const words = vectorOfUpdate({ delta: update, examples: 3 }, given, secret);
        if (words.ok) addVector(total, words.value);
      }
      return meanOfSum(total, CROWD, given, secret);
    };
    const adaptive = sum('central', true);
    // σ_b = n/20: one deviation is a twentieth, and this seed's draw is within four.
    expect(Math.abs((adaptive.ok ? (adaptive.value.withinClip ?? NaN) : NaN) - 0.75)).toBeLessThan(4 / 20);
    const fixed = sum('central', false);
    expect(fixed.ok && fixed.value.withinClip).toBe(null);
  });

  it('NUMBER-4: that is no sum of what the offer allows makes no mean', () => {
    const words = new Uint32Array(terms('none').offer.vectorWords);
    expect(meanOfSum(words, 3, terms('none'), secret)).toMatchObject({ ok: false });
  });

  it.each(['distributed', 'central', 'local'] as const)(
    'NUMBER-5: in mode %s masks that did not cancel are noticed under the noise, and make no mean',
    (mode) => {
      const given = terms(mode);
      const total = new Uint32Array(given.offer.vectorWords);
      for (const trained of [{ delta, examples: 3 }, null, { delta: broken, examples: 3 }]) {
        const words = vectorOfUpdate(trained, given, secret);
        if (words.ok) addVector(total, words.value);
      }
      expect(total.at(-1)).toBe(3);
      expect(meanOfSum(total.slice(), 4, given, secret)).toMatchObject({ ok: false });
      noblePrg.accumulate(total, [{ seed: new Uint8Array(32).fill(7), sign: 'add' }]);
      expect(meanOfSum(total.slice(), 3, given, secret)).toMatchObject({ ok: false });
      noblePrg.accumulate(total, [{ seed: new Uint8Array(32).fill(7), sign: 'subtract' }]);
      expect(meanOfSum(total, 3, given, secret)).toMatchObject({ ok: true });
    },
  );
});
