/** Bugs that are planted in a schedule, so that its checks are seen to find them. */
import type { CryptoSuite } from '../crypto/suite.ts';
import type { ToCoordinator } from '../protocol/messages/directions.ts';
import type { AttemptBugs } from './attempt.ts';

export interface Plant {
  /** Instead of the schedule's, in tabs; and in the coordinator unless `coordinatorToo` is false. */
  readonly suite?: CryptoSuite;
  readonly coordinatorToo?: boolean;
  readonly attempt?: AttemptBugs;
  /** Sent by a tab after a message. */
  readonly besides?: (message: ToCoordinator) => ToCoordinator | null;
}

export const NO_PLANT: Plant = {};
