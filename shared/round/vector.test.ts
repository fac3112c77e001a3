import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { addVector } from '../numeric/ring.ts';
import { checkedPrivacy } from '../privacy/settings.ts';
import { parameterCount } from '../tasks/layout.ts';
import { offer, policy, task } from './client/examples.ts';
import { meanOfSum, vectorOfUpdate, vectorWordsOf } from './vector.ts';

const parameters = parameterCount(task.model);
const sid = policy.ledger?.sid ?? expect.unreachable();
const secret = { random: seededRandom('vector') };

function terms(mode: 'none' | 'distributed' | 'central' | 'local') {
  if (mode === 'none') return { offer, sid };
  const run = { clients: 4, rounds: 1, minSurvivors: 3, accomplices: 1, parameters, lanes: [] };
  const checked = checkedPrivacy({ mode, clipNorm: 1, bits: 20, epsilon: 8, delta: 1e-5 }, run);
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
          expect(words.value.some((word) => word !== 0)).toBe(mode !== 'central');
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
    expect(weighed.ok && weighed.value[5]).toBeCloseTo((0.3 * 80) / 101, 3);
    const alike = sum('central');
    const { privacy } = terms('central').offer;
    const σ = (privacy?.mechanism.noiseSteps ?? 0) / (privacy?.mechanism.scale ?? 1) / 3;
    expect(alike.ok && Math.abs(alike.value[5] ?? Infinity)).toBeLessThan(6 * σ);
  });

  it('that is no sum of what the offer allows makes no mean', () => {
    const words = new Uint32Array(terms('none').offer.vectorWords);
    expect(meanOfSum(words, 3, terms('none'), secret)).toMatchObject({ ok: false });
  });
});
