/** What a schedule is played with, drawn from its seed. */
import type { RunId } from '../base/ids.ts';
import { randomInteger, type RandomSource } from '../base/random.ts';
import type { CoordinatorState } from '../round/coordinator/types.ts';
import { mnistTask } from '../tasks/mnist.ts';
import type { Task } from '../tasks/task.ts';

export interface Setting {
  readonly run: RunId;
  readonly tabs: number;
  readonly minCohort: number;
  readonly accomplices: number;
  readonly dropoutPerMille: number;
  readonly rounds: number;
  /** Inputs and units of the one dense layer. */
  readonly layer: readonly [number, number];
  /** Of 100 direct connections, so many open; and of 100 tabs, so many can be dialled. */
  readonly linkPercent: number;
  /** Signatures and agreements take a turn of the schedule. */
  readonly slowCryptography: boolean;
  /** Things that go wrong, at most. */
  readonly faults: number;
  /** They come while the coordinator is in this phase; at any time where it is null. */
  readonly focus: CoordinatorState['kind'] | null;
  /** Turns between two of them, on average. */
  readonly turnsBetweenFaults: number;
  /** How many may upload at one time. */
  readonly uploadsAtOnce: number;
}

const RUN = 'AAAAAAAAAAAAAAAA' as RunId;
/** Cohorts as often as they are here. */
const TABS = [3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8] as const;

const FOCUSES = [null, null, null, 'training', 'sharing', 'masking', 'confirming', 'unmasking'] as const;

export function drawSetting(random: RandomSource): Setting {
  const below = (bound: number) => randomInteger(random, bound);
  const tabs = TABS[below(TABS.length)] ?? 3;
  return {
    run: RUN,
    tabs,
    minCohort: 3 + below(tabs > 4 ? 2 : 1),
    accomplices: 1,
    dropoutPerMille: [100, 200, 300][below(3)] ?? 300,
    rounds: 1 + below(2),
    // One in forty uploads in two chunks.
    layer: below(40) === 0 ? [600, 200] : [1 + below(4), 2 + below(3)],
    linkPercent: [0, 50, 100, 100][below(4)] ?? 100,
    slowCryptography: below(2) === 0,
    faults: below(9),
    focus: FOCUSES[below(FOCUSES.length)] ?? null,
    turnsBetweenFaults: [6, 20, 60][below(3)] ?? 20,
    uploadsAtOnce: [1, 2, 8][below(3)] ?? 8,
  };
}

export const taskOf = ({ layer: [inputs, units] }: Setting): Task => ({
  ...mnistTask,
  id: 'schedule',
  model: {
    ...mnistTask.model,
    inputShape: [inputs],
    layers: [{ kind: 'dense', units, activation: 'linear' }],
  },
  weightMax: 10,
});
