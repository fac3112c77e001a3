/** The thread's end of `./thread-runner.ts`: says when it is ready, then answers each request. */
import { parentPort, workerData } from 'node:worker_threads';
import { nodeWasmFiles } from '../../../coordinator/evaluation/wasm-files.ts';
import type { Kernels, WorkloadName } from './protocol.ts';
import { startWorkload } from './workload.ts';

const workload = await startWorkload(nodeWasmFiles(), workerData as Kernels);
parentPort?.on('message', ({ name, repeats }: { name: WorkloadName; repeats: number }) =>
  parentPort?.postMessage(workload(name, repeats)),
);
parentPort?.postMessage('ready');
