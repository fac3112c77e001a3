/**
 * The suite of secure aggregation: what a round costs a client and the coordinator, on the product's own code. Node:
 * CPU time of a process with one thread. Chromium: wall time of a worker. Rounds are those of a cohort that knows
 * each other; what a first round takes beyond is a figure of its own.
 */
import type { Figure } from './figure.ts';
import { openChromium } from './secagg/chromium-runner.ts';
import type { Conditions } from './secagg/conditions.ts';
import { openNode } from './secagg/node-runner.ts';
import type { NodeRunner, Runner } from './secagg/runner.ts';

const COHORTS = [5, 10, 20, 100, 300, 1_000];
const DROPOUTS = [0, 0.1, 0.3];
const PARAMETERS = [100_000, 200_000, 1_000_000];

const ALL: readonly Conditions[] = COHORTS.flatMap((cohort) =>
  DROPOUTS.flatMap((dropout) => PARAMETERS.map((parameters) => ({ cohort, parameters, dropout }))),
);
/** Those that a bar is set for. */
const QUICK: { readonly client: readonly Conditions[]; readonly coordinator: readonly Conditions[] } = {
  client: [
    { cohort: 20, parameters: 200_000, dropout: 0 },
    { cohort: 100, parameters: 100_000, dropout: 0 },
    { cohort: 100, parameters: 1_000_000, dropout: 0 },
  ],
  coordinator: [{ cohort: 100, parameters: 100_000, dropout: 0.3 }],
};

export async function* measureAggregation(quick: boolean): AsyncGenerator<Figure> {
  const { client, coordinator } = quick ? QUICK : { client: ALL, coordinator: ALL };
  // One after another: what Chromium takes is wall time.
  yield* inNode((node) => measureClients('node', node, client));
  yield* inChromium(client);
  yield* inNode((node) => measureCoordinator(node, coordinator));
}

async function* inNode(measure: (node: NodeRunner) => AsyncGenerator<Figure>): AsyncGenerator<Figure> {
  const node = await openNode();
  try {
    yield* measure(node);
  } finally {
    await node.close();
  }
}

async function* inChromium(all: readonly Conditions[]): AsyncGenerator<Figure> {
  const chromium = await openChromium();
  try {
    yield* measureClients('chromium', chromium, all);
  } finally {
    await chromium.close();
  }
}

async function* measureClients(
  runtime: 'node' | 'chromium',
  runner: Runner,
  all: readonly Conditions[],
): AsyncGenerator<Figure> {
  let known = '';
  for (const conditions of all) {
    const cost = await runner.client(conditions);
    const params = paramsOf(conditions, cost.neighbours, runtime);
    yield { name: 'client-cpu-ms', unit: 'ms', value: round(cost.roundMs), params };
    yield {
      name: 'upload-bytes',
      unit: 'B',
      value: cost.uploadBytes,
      params: { ...params, laneBits: cost.laneBits },
    };
    yield { name: 'control-bytes', unit: 'B', value: cost.controlBytes, params };
    yield { name: 'peer-bytes', unit: 'B', value: cost.peerBytes, params };
    // Once a cohort: it does not depend on the vector.
    const cohort = `${params.n} ${params.k}`;
    if (cohort !== known)
      yield {
        name: 'client-first-round-extra-ms',
        unit: 'ms',
        value: round(cost.firstRoundExtraMs),
        params: { n: params.n, k: params.k, runtime },
      };
    known = cohort;
  }
}

async function* measureCoordinator(runner: NodeRunner, all: readonly Conditions[]): AsyncGenerator<Figure> {
  for (const conditions of all) {
    const cost = await runner.coordinator(conditions);
    const params = paramsOf(conditions, cost.neighbours, 'node');
    yield { name: 'coordinator-cpu-ms', unit: 'ms', value: round(cost.roundMs), params };
    yield { name: 'coordinator-peak-bytes', unit: 'B', value: cost.peakBytes, params };
  }
}

function paramsOf({ cohort, parameters, dropout }: Conditions, k: number, runtime: string) {
  return { n: cohort, k, d: parameters, dropout, runtime };
}

/** To a tenth. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
