/**
 * A demo data set prepared into static chunks, so that a participant downloads its own shard only.
 *
 * `/demo/<dataset>/manifest.json` lists the chunks; `/demo/<dataset>/<file>` is one chunk: `examples`
 * inputs of `inputBytes` bytes each, then `examples` label bytes. The training examples were permuted by
 * a fixed seed before they were cut, so that every run of chunks is an IID sample. `test` is one chunk
 * in its original order; only the coordinator's evaluation reads it.
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const chunk = v.strictObject({
  file: v.pipe(v.string(), v.regex(/^[a-z0-9-]+\.bin$/)),
  examples: count,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export const datasetManifest = v.strictObject({
  version: v.literal(1),
  dataset: v.string(),
  inputBytes: count,
  classes: count,
  train: v.pipe(v.array(chunk), v.minLength(1)),
  test: chunk,
});
export type DatasetManifest = v.InferOutput<typeof datasetManifest>;
