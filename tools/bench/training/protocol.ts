/** What the training suites' two halves say to each other, without tfjs. */

export const BATCH = 32;

export type Kernels = 'ours' | 'stock';
export interface Side {
  readonly backend: 'wasm' | 'cpu' | 'webgpu';
  /** `ours`: in place of TF.js's, or added to them. */
  readonly kernels: Kernels;
}
export type WorkloadName = '2nn' | 'cnn' | 'matmul';

/** One call of a kernel in a step. */
export interface KernelCall {
  readonly kernel: string;
  /** Of the first operand and of the result, "32x10", "" where there is none. */
  readonly operand: string;
  readonly result: string;
  /** Without the kernels that it calls. */
  readonly ms: number;
}

/** One step of the CNN, its kernels in order. */
export interface ProfiledStep {
  readonly ms: number;
  readonly calls: readonly KernelCall[];
}

export interface Workload {
  /** Runs one of the workloads so many times on end; their mean, in milliseconds. */
  run(name: WorkloadName, repeats: number): Promise<number>;
  profile(steps: number): Promise<readonly ProfiledStep[]>;
}

/** The same, across a thread or a page. */
export interface Runner extends Workload {
  close(): Promise<void>;
}
