/**
 * A task: what is learned, from which kind of data, with which model and local training. Declarative and
 * versioned; the coordinator sends it to tabs, the admin page lists it, the simulator reads it.
 */
import * as v from 'valibot';
import { modelSpecification } from './model.ts';
import { clipNorm, fedProx, learningRateSchedule, optimizer } from './training.ts';

const positiveInteger = v.pipe(
  v.number(),
  v.safeInteger('an integer, without a fraction'),
  v.minValue(1, 'at least 1'),
);

/** Local training between two uploads. */
export const localTraining = v.strictObject({
  /** Passes over the participant's own examples in a round. */
  epochs: v.pipe(positiveInteger, v.maxValue(100, 'at most 100')),
  batchSize: v.pipe(positiveInteger, v.maxValue(4096, 'at most 4096')),
  learningRate: v.pipe(v.number(), v.finite(), v.gtValue(0, 'more than 0'), v.maxValue(100, 'at most 100')),
  optimizer,
  /** Constant where it is left out. */
  schedule: v.exactOptional(learningRateSchedule),
  fedProx: v.exactOptional(fedProx),
  clipNorm: v.exactOptional(clipNorm),
  /** A local update of a greater Euclidean norm has exploded and is not sent. */
  updateNormMax: v.exactOptional(
    v.pipe(v.number(), v.gtValue(0, 'more than 0'), v.maxValue(1e6, 'at most 1000000')),
  ),
});
export type LocalTraining = v.InferOutput<typeof localTraining>;

/** How an update's real numbers become ring words (numeric/quantize). */
export const quantization = v.strictObject({
  /** Each coordinate of an update is clamped to [-range, range] before it is scaled. */
  range: v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(1e6)),
  /** Bits of one participant's coordinate in the sum. */
  bits: v.pipe(positiveInteger, v.minValue(8, 'at least 8'), v.maxValue(24, 'at most 24')),
});

export const task = v.strictObject({
  version: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/)),
  title: v.pipe(v.string(), v.maxLength(80)),
  summary: v.pipe(v.string(), v.maxLength(400)),
  data: v.strictObject({
    /** A demo data set prepared into static chunks (data/shards). */
    kind: v.literal('demo-shards'),
    dataset: v.picklist(['mnist', 'penguins', 'spam', 'speeches']),
    /** Where the data come from and under which terms, for the page. */
    credit: v.pipe(v.string(), v.maxLength(400)),
  }),
  model: modelSpecification,
  training: localTraining,
  quantization,
  /** Most examples one participant may count for: the scale of the weight lane. */
  weightMax: v.pipe(positiveInteger, v.maxValue(1_000_000)),
});
export type Task = v.InferOutput<typeof task>;
