/** For the tests of backends. */
import type { Result } from '../../base/result.ts';
import type { KeptTrial, TrialResult } from '../../participant/backend-choice.ts';

/** What a trial gave, kept in memory. */
export function memoryTrial(): KeptTrial {
  let kept: TrialResult | undefined;
  return {
    get: async () => kept,
    put: async (result) => {
      kept = result;
    },
    forget: async () => {
      kept = undefined;
    },
  };
}

/** Throws where it is a fault. */
export function required<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
}
