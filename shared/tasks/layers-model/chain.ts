/**
 * A functional model (Keras' `Model`) whose layers follow one another like a sequential one's: each is called once, on
 * what the one before it gives. Keras 2 and TF.js write a call as [[[layer, call, tensor, {}]]], Keras 3 as the
 * arguments of the call, a tensor among them that says where it comes from.
 */
import * as v from 'valibot';
import { fail, ok, type Result } from '../../base/result.ts';
import { kerasLayer, type KerasLayer } from './keras-layer.ts';

const graphLayer = v.object({
  ...kerasLayer.entries,
  /** What the graph calls it; else its configuration's name. */
  name: v.optional(v.string()),
  inbound_nodes: v.array(v.unknown()),
});
type GraphLayer = v.InferOutput<typeof graphLayer>;

export const functionalTopology = v.object({
  class_name: v.picklist(['Functional', 'Model']),
  config: v.object({
    layers: v.array(graphLayer),
    input_layers: v.optional(v.unknown()),
    output_layers: v.optional(v.unknown()),
  }),
});
type FunctionalTopology = v.InferOutput<typeof functionalTopology>;

/** What a call says besides its tensor: nothing that would change what the layer does. */
const settings = v.record(v.string(), v.nullable(v.literal(false)));

/** The layer, which of its calls, which of that call's tensors: the only ones. */
const reference = v.pipe(
  v.union([
    v.strictTuple([v.string(), v.literal(0), v.literal(0)]),
    v.strictTuple([v.string(), v.literal(0), v.literal(0), settings]),
  ]),
  v.transform(([layer]) => layer),
);

/** One tensor; Keras 3 leaves the outer list away where there is one. */
const single = v.union([
  v.pipe(
    v.strictTuple([reference]),
    v.transform(([only]) => only),
  ),
  reference,
]);

const tensorOfKeras3 = v.object({
  args: v.pipe(
    v.strictTuple([v.object({ config: v.object({ keras_history: reference }) })]),
    v.transform(([{ config }]) => config.keras_history),
  ),
  kwargs: v.optional(settings),
});

/** The layers in the order of the chain; a sentence naming the layer where they branch, meet or are called twice. */
export function chainOf({ config }: FunctionalTopology): Result<readonly KerasLayer[], string> {
  const input = v.safeParse(single, config.input_layers);
  if (!input.success)
    return fail('The model has more than one input; only models of one input and output are read.');
  const output = v.safeParse(single, config.output_layers);
  if (!output.success)
    return fail('The model has more than one output; only models of one input and output are read.');
  const followers = new Map<string, GraphLayer>();
  for (const layer of config.layers) {
    const name = graphName(layer);
    if (layer.inbound_nodes.length === 0) continue;
    const before = sourceOf(layer);
    if (before === null)
      return fail(`The layer "${name}" does not take one layer’s output, once; ${ONLY_CHAINS}`);
    const other = followers.get(before);
    if (other !== undefined)
      return fail(`"${graphName(other)}" and "${name}" both follow the layer "${before}"; ${ONLY_CHAINS}`);
    followers.set(before, layer);
  }
  return follow(config.layers, followers, input.output, output.output);
}

const ONLY_CHAINS = 'only models of layers one after another are read. Make it a tf.sequential.';

const graphName = ({ name, config }: GraphLayer): string => name ?? String(config['name']);

function follow(
  layers: readonly GraphLayer[],
  followers: ReadonlyMap<string, GraphLayer>,
  first: string,
  last: string,
): Result<readonly KerasLayer[], string> {
  const chain: GraphLayer[] = [];
  let layer = layers.find((candidate) => graphName(candidate) === first);
  while (layer !== undefined && chain.length < layers.length) {
    chain.push(layer);
    layer = followers.get(graphName(layer));
  }
  const end = chain.at(-1);
  if (end === undefined || graphName(end) !== last || chain.length !== layers.length)
    return fail(`The layers do not lead from "${first}" to "${last}" in one line; ${ONLY_CHAINS}`);
  return ok(chain.map(({ class_name, config }) => ({ class_name, config })));
}

/** The layer whose output it takes; null where it is not called once on one tensor. */
function sourceOf({ inbound_nodes: calls }: GraphLayer): string | null {
  const [call] = calls;
  if (calls.length !== 1) return null;
  const keras3 = v.safeParse(tensorOfKeras3, call);
  if (keras3.success) return keras3.output.args;
  const read = v.safeParse(single, call);
  return read.success ? read.output : null;
}
