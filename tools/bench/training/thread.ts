/** The thread's end of `./thread-runner.ts`: says when it is ready, then answers each request. */
import { parentPort, workerData } from 'node:worker_threads';
import { nodeWasmFiles } from '../../../coordinator/evaluation/wasm-files.ts';
import type { Side } from './protocol.ts';
import type { ThreadRequest } from './thread-runner.ts';
import { startWorkload } from './workload.ts';

const workload = await startWorkload(nodeWasmFiles(), workerData as Side);

const answer = (request: ThreadRequest): Promise<unknown> =>
  request.kind === 'run' ? workload.run(request.name, request.repeats) : workload.profile(request.steps);

parentPort?.on('message', (request: ThreadRequest) => {
  void answer(request).then((answered) => parentPort?.postMessage(answered));
});
parentPort?.postMessage('ready');
