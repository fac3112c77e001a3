import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { addVector, bytesOfWords } from '../numeric/ring.ts';
import type { Contribution, PreparedMechanism, SumContext } from './contribution.ts';
import { applyMechanism, decodeSum, prepareMechanism } from './contribution.ts';
import { KNOWN_WORDS } from './known-contribution.ts';
import { parametersForOffer } from './mechanism.ts';
import type { MechanismParameters, NoiseMode } from './mechanism-parameters.ts';
import { drawVariance } from './mechanism-parameters.ts';
import type { PlanSettings } from './plan-settings.ts';

const CLIENTS = 12;
const settings: PlanSettings = {
  clients: CLIENTS,
  rounds: 10,
  participations: 10,
  epsilon: 6,
  delta: 1e-5,
  clipNorm: 2,
  parameters: 5_000,
  bits: 20,
  minSurvivors: 9,
  accomplices: 3,
  lanes: [],
};

function offered(mode: NoiseMode, change: Partial<PlanSettings> = {}): MechanismParameters {
  const result = parametersForOffer({ ...settings, mode, ...change });
  if (!result.ok) throw new Error(result.fault.reason);
  return result.value;
}

const sid = seededRandom('sid')(32);
const contextOf = (label: string): SumContext => ({ sid, secret: { random: seededRandom(label) } });

/** An update [5,000] of norm about 1.6, below the clip: a few large lanes and many small ones. */
function updateOf(client: number): Float32Array {
  const words = new Int32Array(seededRandom(`update ${client}`)(4 * settings.parameters).buffer);
  const update = Float32Array.from(words, (word) => (0.03 * word) / 2 ** 31);
  update[client] = 1;
  return update;
}

const contributionOf = (client: number): Contribution => ({ update: updateOf(client), laneValues: [] });

/** The sum modulo 2^W of what all clients send, as unmasking gives it. */
function sumOf(
  prepared: PreparedMechanism<'participant'>,
  contributions: readonly (Contribution | null)[],
  label = 'clients',
): Uint32Array {
  const all = contributions.map((contribution, client) =>
    applyMechanism(contribution, prepared, contextOf(`${label} ${client}`)),
  );
  const sum = new Uint32Array(all[0]?.length ?? 0);
  for (const words of all) addVector(sum, words);
  return sum.map((word) => word & (2 ** prepared.parameters.bits - 1));
}

function meanOf(
  parameters: MechanismParameters,
  contributions: readonly (Contribution | null)[],
): Float32Array {
  const sum = sumOf(prepareMechanism(parameters, 'participant'), contributions);
  const survivors = contributions.length;
  return decodeSum(sum, prepareMechanism(parameters, 'coordinator'), { ...contextOf('decode'), survivors })
    .mean;
}

const everyone = Array.from({ length: CLIENTS }, (_, client) => contributionOf(client));
const truth = Float32Array.from({ length: settings.parameters }, (_, i) =>
  everyone.reduce((sum, { update }) => sum + (update[i] as number) / CLIENTS, 0),
);
const distanceSquared = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0);

describe('a sum without noise', () => {
  it('has the mean of the updates up to the rounding of the grid', () => {
    const parameters = offered('none');
    const found = distanceSquared(meanOf(parameters, everyone), truth);
    // Each of n roundings has variance at most a quarter step, of which the mean keeps 1/n.
    const steps = 5_120 / (4 * CLIENTS) / parameters.scale ** 2;
    expect(found).toBeLessThan(1.1 * steps);
    expect(found).toBeGreaterThan(0.1 * steps);
    expect(found).toBeLessThan(1e-6);
  });

  it('of whole grid values is exact: lanes sum up as integers, negative ones too', () => {
    const parameters = offered('none', { lanes: [50, 8] });
    const participant = prepareMechanism(parameters, 'participant');
    const contributions = everyone.map(({ update }, i) => ({ update, laneValues: [i - 30, 3 * i] }));
    const sum = sumOf(participant, contributions);
    const coordinator = prepareMechanism(parameters, 'coordinator');
    const exact = sum.slice();
    const { laneSums } = decodeSum(sum, coordinator, { ...contextOf('decode'), survivors: CLIENTS });
    // Σ(i − 30) = 66 − 360, and 3i is cut off at 8 from the third client on.
    expect(laneSums).toEqual([66 - 360, 0 + 3 + 6 + 9 * 8]);
    expect(sum).toEqual(exact);
  });

  it('contains a longer update at the clip norm', () => {
    const parameters = offered('none');
    const long = updateOf(0).map((x) => x * 1_000);
    const mean = meanOf(parameters, [{ update: long, laneValues: [] }]);
    const norm = Math.sqrt(distanceSquared(mean, new Float32Array(mean.length)));
    expect(norm).toBeCloseTo(2, 2);
    const cosine = mean.reduce((sum, x, i) => sum + x * (long[i] as number), 0) / norm / Math.hypot(...long);
    expect(cosine).toBeCloseTo(1, 3);
  });
});

/** Variance of the noise of one lane of the decoded mean, real units, measured over all lanes of some rounds. */
function measuredVariance(parameters: MechanismParameters, survivors: number, rounds: number): number {
  const participant = prepareMechanism(parameters, 'participant');
  const coordinator = prepareMechanism(parameters, 'coordinator');
  const nobody = Array.from({ length: survivors }, () => null);
  let squares = 0;
  for (let round = 0; round < rounds; round++) {
    const sum = sumOf(participant, nobody, `round ${round}`);
    const { mean } = decodeSum(sum, coordinator, { ...contextOf(`decode ${round}`), survivors });
    squares += distanceSquared(mean, new Float32Array(mean.length));
  }
  return squares / rounds / settings.parameters;
}

describe('the noise of the decoded mean', () => {
  const ROUNDS = 10;
  /** Five standard errors of a variance over the lanes, √(2/N); noise of more than a step is Gaussian to this. */
  const tolerance = 5 * Math.sqrt(2 / (ROUNDS * settings.parameters));

  for (const [mode, draws] of [
    ['distributed', (survivors: number) => survivors / (9 - 3)],
    ['local', (survivors: number) => survivors],
    ['central', () => 1],
  ] as const) {
    it(`in mode ${mode} has variance σ² times ${mode === 'distributed' ? 'n/h' : 'its draws'}, over (s·n)²`, () => {
      for (const survivors of [9, 12]) {
        const parameters = offered(mode);
        const { noiseSteps, scale } = parameters;
        const expected = (noiseSteps ** 2 * draws(survivors)) / (scale * survivors) ** 2;
        const ratio = measuredVariance(parameters, survivors, ROUNDS) / expected;
        expect(Math.abs(ratio - 1)).toBeLessThan(tolerance);
      }
    });
  }

  it('is centred on the mean of the updates', () => {
    const parameters = offered('distributed', { epsilon: 15 });
    const mean = meanOf(parameters, everyone);
    const { noiseSteps, scale } = parameters;
    const variance = (noiseSteps ** 2 * (CLIENTS / 6)) / (scale * CLIENTS) ** 2;
    expect(distanceSquared(mean, truth) / variance / settings.parameters).toBeCloseTo(1, 0);
    // Along the truth itself the noise is one normal draw of that variance: within five deviations of nothing.
    const length = Math.sqrt(distanceSquared(truth, new Float32Array(truth.length)));
    const along =
      mean.reduce((sum, x, i) => sum + (x - (truth[i] as number)) * (truth[i] as number), 0) / length;
    expect(Math.abs(along)).toBeLessThan(5 * Math.sqrt(variance));
  });

  it('is on the extra lanes, too', () => {
    const parameters = offered('distributed', { lanes: Array.from({ length: 400 }, () => 1) });
    const participant = prepareMechanism(parameters, 'participant');
    const coordinator = prepareMechanism(parameters, 'coordinator');
    const sum = sumOf(participant, [null]);
    const { laneSums } = decodeSum(sum, coordinator, { ...contextOf('decode'), survivors: 1 });
    const variance = laneSums.reduce((all, x) => all + x * x, 0) / laneSums.length;
    expect(Math.abs(variance / drawVariance(parameters) - 1)).toBeLessThan(5 * Math.sqrt(2 / 400));
  });

  it('wraps in the central mode before the sum is centred', () => {
    const parameters = offered('central', { bits: 12 });
    const coordinator = prepareMechanism(parameters, 'coordinator');
    // The largest sum there is: noise above it comes out negative, never beyond the ring.
    const sum = new Uint32Array(5_120).fill(2 ** 11 - 1);
    const { sid: signs, secret } = contextOf('wrap');
    const { mean } = decodeSum(sum, coordinator, { sid: signs, secret, survivors: 1 });
    // What is released is the sum with its noise, never the exact one.
    expect(sum.every((word) => word < 2 ** 12)).toBe(true);
    expect(sum.filter((word) => word === 2 ** 11 - 1).length).toBeLessThan(50);
    const squares = distanceSquared(mean, new Float32Array(mean.length)) * parameters.scale ** 2;
    expect(squares).toBeLessThanOrEqual(5_120 * 2 ** 22);
    expect(squares / 5_120).toBeGreaterThan(0.5 * 2 ** 22);
  });
});

describe('a contribution', () => {
  const parameters = offered('distributed', { lanes: [5] });
  const participant = prepareMechanism(parameters, 'participant');
  const zeros = applyMechanism(null, participant, contextOf('same'));

  it('that failed or is not finite is zeros plus noise, as long as any other', () => {
    const silent: Contribution = { update: new Float32Array(5_000), laneValues: [0] };
    // Words of zeros and of a failure differ only in which keys went to rounding: without noise both are zeros.
    const plain = prepareMechanism(offered('none', { lanes: [5] }), 'participant');
    for (const wrong of [NaN, Infinity, -Infinity]) {
      const update = updateOf(1);
      update[4_999] = wrong;
      for (const contribution of [
        { update, laneValues: [1] },
        { update: updateOf(1), laneValues: [wrong] },
        null,
        silent,
      ]) {
        const words = applyMechanism(contribution, plain, contextOf('zeros'));
        expect(words.length).toBe(5_121);
        expect(words.every((word) => word === 0)).toBe(true);
      }
    }
    expect(
      applyMechanism({ update: updateOf(1), laneValues: [NaN] }, participant, contextOf('same')),
    ).toEqual(zeros);
    expect(new Set(zeros).size).toBeGreaterThan(1_000);
  });

  it('has the words that a browser’s has', () => {
    const { update, laneValues } = KNOWN_WORDS;
    const known = prepareMechanism(KNOWN_WORDS.parameters, 'participant');
    const words = applyMechanism({ update, laneValues }, known, contextOf('known'));
    expect(bytesToHex(sha256(bytesOfWords(words)))).toBe(KNOWN_WORDS.sha256);
  });

  it('stays below 2^W and leaves the update as it was', () => {
    const update = updateOf(2);
    const words = applyMechanism({ update, laneValues: [2] }, participant, contextOf('range'));
    expect(words.every((word) => word < 2 ** 20)).toBe(true);
    expect(words.some((word) => word > 2 ** 19)).toBe(true);
    expect(update).toEqual(updateOf(2));
  });

  it('keeps whole words in a ring of 32 bits', () => {
    const wide = prepareMechanism(offered('distributed', { bits: 32 }), 'participant');
    expect(applyMechanism(null, wide, contextOf('wide')).some((word) => word > 2 ** 31)).toBe(true);
  });

  it('rejects another length of the update, of the lanes and of the sum', () => {
    const context = contextOf('length');
    expect(() =>
      applyMechanism({ update: new Float32Array(4), laneValues: [1] }, participant, context),
    ).toThrow('update: 4 lanes, not 5000');
    expect(() => applyMechanism({ update: updateOf(0), laneValues: [] }, participant, context)).toThrow(
      'laneValues: 0, not 1',
    );
    const coordinator = prepareMechanism(parameters, 'coordinator');
    expect(() => decodeSum(new Uint32Array(5_120), coordinator, { ...context, survivors: 9 })).toThrow(
      'sum: 5120 words, not 5121',
    );
  });

  it('is not prepared with parameters that are not sound', () => {
    expect(() => prepareMechanism({ ...parameters, noiseSteps: -1 }, 'participant')).toThrow(RangeError);
  });

  it('has its noise from the party that adds it, and from that one alone', () => {
    for (const [mode, participants, coordinators] of [
      ['distributed', true, false],
      ['local', true, false],
      ['central', false, true],
      ['none', false, false],
    ] as const) {
      expect(prepareMechanism(offered(mode), 'participant').table !== null).toBe(participants);
      expect(prepareMechanism(offered(mode), 'coordinator').table !== null).toBe(coordinators);
    }
  });
});
