import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../base/bytes.ts';
import { seededRandom, systemRandom } from '../base/random.ts';
import { noblePrg, type Prg } from '../crypto/mask.ts';
import { instantiateMasks, wasmPrg } from '../crypto/wasm-prg.ts';
import { bytesOfWords } from '../numeric/ring.ts';
import { applyMechanism, decodeSum, prepareMechanism } from './contribution.ts';
import type { MechanismParameters } from './mechanism-parameters.ts';
import { drawVariance } from './mechanism-parameters.ts';
import { KNOWN_WORDS } from './known-contribution.ts';

const sid = seededRandom('sid')(32);

const wordsOf = (prg: Prg): string => {
  const { parameters, update, laneValues } = KNOWN_WORDS;
  const secret = { random: seededRandom('known'), prg };
  const words = applyMechanism({ update, laneValues }, prepareMechanism(parameters, 'participant'), {
    sid,
    secret,
  });
  return bytesToHex(sha256(bytesOfWords(words)));
};

describe('a contribution in Chromium', () => {
  it('has the words it has in Node, whichever implementation expands the keys', async () => {
    expect(wordsOf(noblePrg)).toBe(KNOWN_WORDS.sha256);
    expect(wordsOf(wasmPrg(await instantiateMasks()))).toBe(KNOWN_WORDS.sha256);
  });

  it('has noise of the share’s variance from the browser’s own randomness', async () => {
    const parameters: MechanismParameters = { ...KNOWN_WORDS.parameters, parameters: 262_144, lanes: [] };
    const secret = { random: systemRandom, prg: wasmPrg(await instantiateMasks()) };
    const words = applyMechanism(null, prepareMechanism(parameters, 'participant'), { sid, secret });
    const { mean } = decodeSum(words, prepareMechanism(parameters, 'coordinator'), {
      sid,
      secret,
      survivors: 1,
    });
    const variance = mean.reduce((sum, x) => sum + x * x, 0) / mean.length;
    // Seven standard errors: no run in 10¹¹ is off by more.
    expect(Math.abs((variance * parameters.scale ** 2) / drawVariance(parameters) - 1)).toBeLessThan(
      7 * Math.sqrt(2 / mean.length),
    );
  });
});
