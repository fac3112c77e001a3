/** A layer as Keras and TF.js write it: a class, and its settings by name. */
import * as v from 'valibot';

export const kerasLayer = v.object({
  class_name: v.string(),
  config: v.record(v.string(), v.unknown()),
});
export type KerasLayer = v.InferOutput<typeof kerasLayer>;

/** What its weights are named by. */
export const nameOf = ({ class_name: className, config }: KerasLayer): string =>
  typeof config['name'] === 'string' ? config['name'] : className;

/** As a refusal names it. */
export const titleOf = (layer: KerasLayer): string => `Layer "${nameOf(layer)}" (${layer.class_name})`;
