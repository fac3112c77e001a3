/** When a lost connection is tried again: capped exponential backoff with jitter (Brooker 2015, "equal jitter"). */
import type { RandomSource } from '../base/random.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/**
 * Milliseconds before the next try, after `attempt` (1-based) tries in a row have failed: between a half and
 * the whole of the step, so that tabs a restart has cut off do not come back all at once.
 */
export function retryMs(attempt: number, random: RandomSource): number {
  const stepMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(10, attempt - 1));
  const fraction = (random(1)[0] ?? 0) / 255;
  return Math.round(stepMs * (0.5 + fraction / 2));
}
