/** The thread's end of `./thread-runner.ts`: says when it is ready, then answers each request. */
import { parentPort, workerData } from 'node:worker_threads';
import { nodeWasmFiles } from '../../../coordinator/evaluation/wasm-files.ts';
import type { Side, WorkloadName } from './protocol.ts';
import { startWorkload } from './workload.ts';

const workload = await startWorkload(nodeWasmFiles(), workerData as Side);
parentPort?.on('message', ({ name, repeats }: { name: WorkloadName; repeats: number }) => {
  void workload(name, repeats).then((ms) => parentPort?.postMessage(ms));
});
parentPort?.postMessage('ready');
