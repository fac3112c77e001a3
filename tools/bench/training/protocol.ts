/** What the training suite's two halves say to each other, without tfjs. */

export const BATCH = 32;

export type Kernels = 'ours' | 'stock';
export interface Side {
  readonly backend: 'wasm' | 'cpu' | 'webgpu';
  /** `ours`: in place of TF.js's, or added to them. */
  readonly kernels: Kernels;
}
export type WorkloadName = '2nn' | 'cnn' | 'matmul';

/** Runs one of the workloads so many times on end; their mean, in milliseconds. */
export type Workload = (name: WorkloadName, repeats: number) => Promise<number>;

/** The same, across a thread or a page. */
export interface Runner {
  run(name: WorkloadName, repeats: number): Promise<number>;
  close(): Promise<void>;
}
