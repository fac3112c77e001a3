/** The clip over many rounds of a large cohort, by the mechanism that tabs and coordinator run. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { addVector } from '../numeric/ring.ts';
import { laneValuesOf, nextClipNorm, shareWithinClip, withClipNorm } from './adaptive-clip.ts';
import { applyMechanism, decodeSum, prepareMechanism } from './contribution.ts';
import { parametersForOffer } from './mechanism.ts';
import type { MechanismParameters } from './mechanism-parameters.ts';
import { drawVariance, mechanismWords } from './mechanism-parameters.ts';
import type { PlanSettings } from './plan-settings.ts';

const CLIENTS = 240;
const ROUNDS = 30;
const MEDIAN = 0.7;
/** Deviation of the logarithms of the norms. */
const SPREAD = 0.4;
const PARAMETERS = 12;

const settings: PlanSettings = {
  clients: CLIENTS,
  rounds: ROUNDS,
  participations: ROUNDS,
  epsilon: 8,
  delta: 1e-5,
  clipNorm: 2 * MEDIAN,
  parameters: PARAMETERS,
  bits: 20,
  minSurvivors: 180,
  accomplices: 12,
  lanes: [],
  adaptiveClip: true,
};

function offered(mode: 'distributed' | 'central' | 'local', clients = CLIENTS): MechanismParameters {
  const result = parametersForOffer({ ...settings, mode, clients });
  return result.ok ? result.value : expect.unreachable(result.fault.reason);
}

/** Standard normal quantiles of n evenly spaced probabilities: norms whose median is exactly known. */
const NORMS = Array.from({ length: CLIENTS }, (_, i) => {
  const probability = (i + 0.5) / CLIENTS;
  return MEDIAN * Math.exp(SPREAD * normalQuantile(probability));
});

/** By bisection of an integrated density: no table, no dependency. */
function normalQuantile(probability: number): number {
  let [low, high] = [-6, 6];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
}

function normalCdf(x: number): number {
  const steps = 400;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += Math.exp(-(((x * (i + 0.5)) / steps) ** 2) / 2);
  return 0.5 + (sum * x) / steps / Math.sqrt(2 * Math.PI);
}

/** An update [12] of a given norm in a direction of its own. */
function updateOf(client: number, norm: number): Float32Array {
  const words = new Int32Array(seededRandom(`direction ${client}`)(4 * PARAMETERS).buffer);
  const length = Math.hypot(...words);
  return Float32Array.from(words, (word) => (word * norm) / length);
}

const UPDATES = NORMS.map((norm, client) => updateOf(client, norm));

/** One round with real words, real noise and a real decoding: the share that the coordinator reads. */
function shareOf(mechanism: MechanismParameters, label: string): number {
  const participant = prepareMechanism(mechanism, 'participant');
  const sid = seededRandom(`sid ${label}`)(32);
  const sum = new Uint32Array(mechanismWords(mechanism));
  for (const [client, update] of UPDATES.entries()) {
    const contribution = { update, laneValues: laneValuesOf(update, mechanism) };
    const secret = { random: seededRandom(`secret ${label} ${client}`) };
    addVector(sum, applyMechanism(contribution, participant, { sid, secret }));
  }
  const coordinator = prepareMechanism(mechanism, 'coordinator');
  const secret = { random: seededRandom(`coordinator ${label}`) };
  const { laneSums } = decodeSum(sum, coordinator, { survivors: CLIENTS, sid, secret });
  return shareWithinClip(laneSums[0] ?? NaN, mechanism.lanes[0] ?? NaN, CLIENTS);
}

/** Clips of the rounds and of the one after them. */
function clipsOf(base: MechanismParameters, label: string): number[] {
  const clips = [base.clipNorm];
  for (let round = 1; round <= ROUNDS; round++) {
    const clip = clips.at(-1) ?? NaN;
    clips.push(nextClipNorm(clip, shareOf(withClipNorm(base, clip), `${label} ${round}`)));
  }
  return clips;
}

/** σ of b̃: the lane's noise over 2B a client. */
function shareDeviation(base: MechanismParameters): number {
  const draws = base.mode === 'central' ? 1 : CLIENTS;
  return Math.sqrt(drawVariance(base) * draws) / (2 * (base.lanes[0] ?? NaN) * CLIENTS);
}

describe('the clip of 240 participants', () => {
  for (const mode of ['distributed', 'central'] as const) {
    it(`in mode ${mode} comes from twice the median of the norms to the median, as near as the noise lets it`, () => {
      const base = offered(mode);
      const deviation = shareDeviation(base);
      const clips = clipsOf(base, mode);
      /*
       * Near the median log C follows x ← (1 − a)x + 0.2·noise with a = 0.2·φ(0)/spread ≈ 0.2, and so has a deviation of
       * 0.2σ/√(1 − (1 − a)²). What is left of log 2 after 30 rounds is below 0.003: the first four go 0.1 each at most.
       */
      const pull = (0.2 * (1 / Math.sqrt(2 * Math.PI))) / SPREAD;
      const settled = (0.2 * deviation) / Math.sqrt(1 - (1 - pull) ** 2);
      const left = Math.log(2) * (1 - pull) ** (ROUNDS - 5);
      const last = clips.at(-1) ?? NaN;
      expect(Math.abs(Math.log(last / MEDIAN))).toBeLessThan(5 * settled + left);
      expect(5 * settled + left).toBeLessThan(0.2);
      // It has moved, and the noise is there: no round reads the share exactly.
      expect(Math.abs(Math.log((clips[1] ?? NaN) / base.clipNorm))).toBeGreaterThan(0.02);
      expect(deviation).toBeGreaterThan(0.04);
    });
  }

  it('in mode local moves towards the median: its steps are noisy, and cut off', () => {
    const base = offered('local');
    // √n/20 is 0.77 of the whole: a step says little by itself, and many say which way.
    expect(shareDeviation(base)).toBeGreaterThan(0.5);
    const clips = clipsOf(base, 'local');
    const [first, last] = [base.clipNorm, clips.at(-1) ?? NaN];
    expect(Math.abs(Math.log(last / MEDIAN))).toBeLessThan(Math.abs(Math.log(first / MEDIAN)));
    expect(
      clips.every((clip, i) => i === 0 || Math.abs(Math.log(clip / (clips[i - 1] ?? NaN))) < 0.1001),
    ).toBe(true);
  });

  it.each(['distributed', 'central'] as const)(
    'in mode %s reads the share of a round without bias, with the deviation that the plan says',
    (mode) => {
      const base = withClipNorm(offered(mode), MEDIAN * Math.exp(0.25 * SPREAD));
      const truth = NORMS.filter((norm) => norm <= base.clipNorm).length / CLIENTS;
      const trials = 60;
      const errors = Array.from({ length: trials }, (_, i) => shareOf(base, `${mode} ${i}`) - truth);
      const deviation = shareDeviation(base);
      const mean = errors.reduce((sum, error) => sum + error, 0) / trials;
      expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(trials));
      const variance = errors.reduce((sum, error) => sum + error ** 2, 0) / trials;
      expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / trials));
    },
  );
});
