/** A contribution whose words are known, so that tests in Node and in a browser can compare theirs. */
import type { MechanismParameters } from './mechanism-parameters.ts';

const parameters: MechanismParameters = {
  mode: 'distributed',
  parameters: 20_000,
  bits: 20,
  minSurvivors: 9,
  accomplices: 3,
  clipNorm: 2,
  scale: 40,
  noiseSteps: 300,
  squaredNormBound: 12_000,
  lanes: [50],
};

export const KNOWN_WORDS = {
  parameters,
  /** Longer than the clip norm. */
  update: Float32Array.from({ length: 20_000 }, (_, i) => (((i * i) % 101) - 50) / 1_000),
  laneValues: [-7],
  /** Under sid = seededRandom('sid')(32) and secret randomness seededRandom('known'). */
  sha256: 'd72f4dfb577ceff3e4ebc0ea22826a6410cfe1cf27eb64bb40f20ebaf7fe9768',
};
