/**
 * Which kernel of a step of McMahan's CNN (`./workload.ts`, batch 32) does which part of which layer, and the
 * arithmetic of the products: 2 · (outputs) · (values summed), forward and in both gradients.
 */
import { BATCH, type KernelCall } from './protocol.ts';

export interface Part {
  readonly layer: string;
  readonly part: string;
  /** Of all its calls in a step; undefined where it is no product. */
  readonly flop?: number;
}

/** Kernels by name, first operand and result, as they are called once a step. */
type Table = readonly (readonly [kernel: string, operand: string, result: string, Part])[];

/** A convolution of stride 1 with "same" padding, its bias and relu; an image's gradient where `inner`. */
function convolution(layer: string, side: number, ins: number, outs: number, inner: boolean): Table {
  const [x, y] = [sizes(side, side, ins), sizes(side, side, outs)];
  const filter = `5x5x${ins}x${outs}`;
  const flop = 2 * BATCH * side * side * outs * 5 * 5 * ins;
  return [
    ['Conv2D', x, y, { layer, part: 'forward', flop }],
    ['Add', y, y, { layer, part: 'bias' }],
    ['Relu', y, y, { layer, part: 'relu' }],
    ['ReluGradient', y, y, { layer, part: 'relu gradient' }],
    ['Sum', y, String(outs), { layer, part: 'bias gradient' }],
    ['Conv2DBackpropFilter', x, filter, { layer, part: 'filter gradient', flop }],
    ...(inner ? ([['Conv2DBackpropInput', y, x, { layer, part: 'input gradient', flop }]] as const) : []),
  ];
}

/** 2 × 2. */
function pool(layer: string, side: number, channels: number): Table {
  const [x, y] = [sizes(side, side, channels), sizes(side / 2, side / 2, channels)];
  return [
    ['MaxPool', x, y, { layer, part: 'forward' }],
    ['MaxPoolGrad', y, x, { layer, part: 'gradient' }],
  ];
}

/** With a relu where `activated`. */
function dense(layer: string, ins: number, outs: number, activated: boolean): Table {
  const [x, y] = [sizes(ins), sizes(outs)];
  const flop = 2 * BATCH * ins * outs;
  return [
    ['BatchMatMul', x, y, { layer, part: 'forward', flop }],
    ['Add', y, y, { layer, part: 'bias' }],
    ...(activated
      ? ([
          ['Relu', y, y, { layer, part: 'relu' }],
          ['ReluGradient', y, y, { layer, part: 'relu gradient' }],
        ] as const)
      : []),
    ['Sum', y, String(outs), { layer, part: 'bias gradient' }],
    ['BatchMatMul', x, `${ins}x${outs}`, { layer, part: 'filter gradient', flop }],
    ['BatchMatMul', y, x, { layer, part: 'input gradient', flop }],
  ];
}

function sizes(...shape: number[]): string {
  return [BATCH, ...shape].join('x');
}

const TABLE: Table = [
  ...convolution('conv1', 28, 1, 32, false),
  ...pool('pool1', 28, 32),
  ...convolution('conv2', 14, 32, 64, true),
  ...pool('pool2', 14, 64),
  ...dense('dense1', 3136, 512, true),
  ...dense('dense2', 512, 10, false),
];

const OPTIMISER: Part = { layer: 'all', part: 'optimiser' };
const OTHERS: Part = { layer: 'all', part: 'softmax, loss, reshapes' };

/** Every part of the step, in its order. */
export const PARTS: readonly Part[] = [...TABLE.map(([, , , part]) => part), OPTIMISER, OTHERS];

export function partOf({ kernel, operand, result }: KernelCall): Part {
  if (kernel === 'Descend') return OPTIMISER;
  const row = TABLE.find(([name, of, to]) => name === kernel && of === operand && to === result);
  return row?.[3] ?? OTHERS;
}
