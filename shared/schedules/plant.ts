/** Bugs that are planted in a schedule, so that its checks are seen to find them. */
import type { CryptoSuite } from '../crypto/suite.ts';
import type { ToCoordinator } from '../protocol/messages/directions.ts';
import type { step } from '../round/coordinator/step.ts';

export interface Plant {
  /** Instead of the schedule's, in tabs; and in the coordinator unless `coordinatorToo` is false. */
  readonly suite?: CryptoSuite;
  readonly coordinatorToo?: boolean;
  /** Instead of the coordinator's. */
  readonly machine?: typeof step;
  /** What becomes of a tab's message before the coordinator looks at it. */
  readonly taken?: (message: ToCoordinator) => ToCoordinator;
  /** Sent by a tab after a message. */
  readonly besides?: (message: ToCoordinator) => ToCoordinator | null;
}

export const NO_PLANT: Plant = {};
