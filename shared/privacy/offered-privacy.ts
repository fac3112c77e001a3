/** What an offer says about noise: the mechanism's numbers, and the caps that every client of the run was promised. */
import * as v from 'valibot';

const number = v.pipe(v.number(), v.finite());
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Types and sizes alone; whether they make a mechanism is for `isSound` (mechanism-parameters). */
const mechanismParameters = v.strictObject({
  mode: v.picklist(['distributed', 'central', 'local']),
  parameters: whole,
  bits: whole,
  minSurvivors: whole,
  accomplices: whole,
  clipNorm: number,
  scale: number,
  noiseSteps: number,
  squaredNormBound: whole,
  lanes: v.pipe(v.array(whole), v.maxLength(16)),
});

/** An offer has it where noise is added. */
export const offeredPrivacy = v.strictObject({
  mechanism: mechanismParameters,
  caps: v.strictObject({ participations: whole, epsilon: number, delta: number }),
});
export type OfferedPrivacy = v.InferOutput<typeof offeredPrivacy>;
