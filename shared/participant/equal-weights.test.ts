/** Under noise an update says nothing of how many examples it is from: a weight would be a number of its own in the clear. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { checkedPrivacy } from '../privacy/settings.ts';
import { vectorOfUpdate, vectorWordsOf } from '../round/vector.ts';
import { parameterCount } from '../tasks/layout.ts';
import { offerOf, sidOf, tinyTask } from './testing.ts';

const parameters = parameterCount(tinyTask.model);
const delta = Float32Array.from({ length: parameters }, (_, i) => (i - 2) / 10);

/** Words of the same update under the same randomness, from so many examples. */
function wordsFrom(examples: number, mode: 'none' | 'distributed' | 'central' | 'local'): Uint32Array {
  const run = { clients: 4, rounds: 1, minSurvivors: 3, accomplices: 1, parameters, lanes: [] };
  const settings = mode === 'none' ? { mode } : { mode, clipNorm: 1, bits: 20, epsilon: 8, delta: 1e-5 };
  const checked = checkedPrivacy(settings, run);
  if (!checked.ok) return expect.unreachable(checked.fault.reason);
  const privacy = checked.value;
  const offer = offerOf({ privacy, vectorWords: vectorWordsOf(privacy, parameters) });
  const terms = { offer, sid: sidOf(offer) };
  const words = vectorOfUpdate({ delta, examples }, terms, { random: seededRandom('secret') });
  return words.ok ? words.value : expect.unreachable();
}

describe('the words of an update', () => {
  it.each(['distributed', 'central', 'local'] as const)(
    'in mode %s are the same from one example and from ten',
    (mode) => {
      expect(wordsFrom(10, mode)).toEqual(wordsFrom(1, mode));
    },
  );

  it('without noise differ, since it is weighted by them', () => {
    expect(wordsFrom(10, 'none')).not.toEqual(wordsFrom(1, 'none'));
  });
});
