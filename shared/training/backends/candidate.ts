/** A backend that a device may train on, as the choice among them sees it. */
import type { Result } from '../../base/result.ts';
import type { BackendName } from '../../participant/backend-choice.ts';

export interface RunningBackend {
  /** At most 40 letters, for lists: `wasm (SIMD)`. */
  readonly label: string;
  /** Aborted as soon as it is known that results of this backend can no longer be trusted. */
  readonly broken: AbortSignal;
  /** Ends when all that was asked of it is done; a sentence where it broke, at any time since it started. */
  fault(): Promise<string | null>;
  /** Whether an error that training threw means that this backend is of no more use. */
  breaksOn(error: unknown): boolean;
}

export interface Candidate {
  readonly name: BackendName;
  /** Started, without a trial, only where no other trains. */
  readonly lastResort: boolean;
  /**
   * Starts the backend, or finds it started, and makes it the current one; a sentence where it does not start.
   * `wished`: the user has asked for this one by name.
   */
  start(wished: boolean): Promise<Result<RunningBackend, string>>;
  /** Frees what it can. Tensors on the backend are lost. */
  stop(): void;
}
