/**
 * A demo data set prepared into static chunks, so that a participant downloads its own shard only.
 *
 * `/demo/<dataset>/manifest.json` lists the chunks; `/demo/<dataset>/<file>` is one chunk: `examples`
 * inputs of `inputBytes` bytes each, then `examples` label bytes. Where nobody in particular holds the
 * examples (digits, mails), the training examples were permuted by a fixed seed before they were cut, so
 * that every run of chunks is an IID sample; where somebody does (an island's penguins, a president's
 * speeches), a chunk is what that `client` holds. `test` is one chunk; only the coordinator's evaluation
 * reads it.
 */
import * as v from 'valibot';
import { fitsEncoding, INPUT_ENCODINGS } from './encoding.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const chunk = v.strictObject({
  file: v.pipe(v.string(), v.regex(/^[a-z0-9-]+\.bin$/)),
  examples: count,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** Who holds these examples, where the data set knows. */
  client: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(80))),
});

export const datasetManifest = v.pipe(
  v.strictObject({
    version: v.literal(1),
    dataset: v.string(),
    /** Bytes that one example's inputs take in a chunk. */
    inputBytes: count,
    /** What those bytes say; pixels where it is not given. */
    encoding: v.optional(v.picklist(INPUT_ENCODINGS)),
    classes: v.pipe(count, v.maxValue(256)),
    train: v.pipe(v.array(chunk), v.minLength(1)),
    test: chunk,
  }),
  v.check(
    ({ encoding, inputBytes }) => fitsEncoding(encoding ?? 'pixels', inputBytes),
    'inputBytes is no whole number of inputs',
  ),
);
export type DatasetManifest = v.InferOutput<typeof datasetManifest>;
