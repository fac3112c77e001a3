/**
 * The declarative, versioned model specification. Pages and the coordinator read it without tfjs:
 * parameter counts, layout and initial parameters are computed here; training/build turns it into tfjs.
 *
 * Parameters flatten in layer order, for each dense layer the kernel (row-major [inputs, units]) and
 * then the bias ([units]); little-endian float32 in files and hashes.
 */
import * as v from 'valibot';

const units = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_536));

export const modelSpecification = v.strictObject({
  version: v.literal(1),
  /** Shape of one example, without the batch. */
  inputShape: v.pipe(v.array(units), v.minLength(1), v.maxLength(4)),
  layers: v.pipe(
    v.array(
      v.strictObject({
        kind: v.literal('dense'),
        units,
        activation: v.picklist(['relu', 'linear']),
      }),
    ),
    v.minLength(1),
    v.maxLength(32),
  ),
  /** The last layer gives logits; the loss applies the softmax. */
  loss: v.literal('softmax-cross-entropy'),
});
export type ModelSpecification = v.InferOutput<typeof modelSpecification>;
