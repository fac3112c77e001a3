/** Functional models that are plain chains, as Keras 2 and TF.js write their calls and as Keras 3 does. */
import { describe, expect, it } from 'vitest';
import { readModelFile } from './file.ts';

type Calls = readonly unknown[];
const keras2 = (...sources: readonly string[]): Calls => [sources.map((name) => [name, 0, 0, {}])];
const keras3 = (source: string): Calls => [
  {
    args: [{ class_name: '__keras_tensor__', config: { shape: [null, 2], keras_history: [source, 0, 0] } }],
    kwargs: {},
  },
];

const layer = (name: string, calls: Calls, className = 'Dense') => ({
  class_name: className,
  name,
  config: { name, units: 2 },
  inbound_nodes: calls,
});

const file = (
  layers: readonly unknown[],
  { inputs = [['in', 0, 0]], outputs = [['out', 0, 0]] }: { inputs?: unknown; outputs?: unknown } = {},
) =>
  readModelFile(
    JSON.stringify({
      modelTopology: {
        class_name: 'Functional',
        config: { layers, input_layers: inputs, output_layers: outputs },
      },
      weightsManifest: [],
    }),
  );

const names = (read: ReturnType<typeof file>) =>
  read.ok ? read.value.layers.map(({ config }) => config['name']) : read.fault;

const INPUT = layer('in', [], 'InputLayer');

describe('a functional model', () => {
  it('that is a chain is read in its order, whatever the order of the file', () => {
    const chain = [layer('out', keras2('mid')), INPUT, layer('mid', keras2('in'))];
    expect(names(file(chain))).toEqual(['in', 'mid', 'out']);
  });

  it('of Keras 3 is read as well', () => {
    const chain = [INPUT, layer('mid', keras3('in')), layer('out', keras3('mid'))];
    expect(names(file(chain, { inputs: ['in', 0, 0], outputs: ['out', 0, 0] }))).toEqual([
      'in',
      'mid',
      'out',
    ]);
  });

  it.each<[string, ReturnType<typeof file>, RegExp]>([
    [
      'that branches',
      file([INPUT, layer('mid', keras2('in')), layer('out', keras2('in'))]),
      /^"mid" and "out" both follow the layer "in"/,
    ],
    [
      'that meets again',
      file([INPUT, layer('mid', keras2('in')), layer('out', keras2('mid', 'in'), 'Add')]),
      /^The layer "out" does not take one layer’s output, once; only models of layers one after another/,
    ],
    [
      'with a layer that is called twice',
      file([INPUT, layer('out', [...keras2('in'), ...keras2('in')])]),
      /^The layer "out" does not take one layer’s output, once/,
    ],
    [
      'with a call that is told more',
      file([INPUT, layer('out', [[['in', 0, 0, { training: true }]]])]),
      /^The layer "out" does not take one layer’s output, once/,
    ],
    [
      'with two inputs',
      file([INPUT], {
        inputs: [
          ['in', 0, 0],
          ['more', 0, 0],
        ],
      }),
      /more than one input/,
    ],
    [
      'with two outputs',
      file([INPUT], {
        outputs: [
          ['in', 0, 0],
          ['in', 0, 0],
        ],
      }),
      /more than one output/,
    ],
    [
      'with a layer apart',
      file([INPUT, layer('out', keras2('in')), layer('apart', [])]),
      /do not lead from "in" to "out" in one line/,
    ],
    [
      'that runs in a circle',
      file([INPUT, layer('mid', keras2('out')), layer('out', keras2('mid'))]),
      /do not lead from "in" to "out"/,
    ],
  ])('%s is refused by name', (_what, read, sentence) => {
    expect(names(read)).toMatch(sentence);
  });
});
