/** The two backends that compute in this thread. Neither can break but by an error that is thrown. */
import { fail, ok, type Result } from '../../base/result.ts';
import { startCpu, startWasm, wasmMisfit, type WasmFiles } from '../backend.ts';
import type { Candidate, RunningBackend } from './candidate.ts';

/** Where the device has SIMD. */
export function wasmCandidate(files: WasmFiles): Candidate {
  return {
    name: 'wasm',
    lastResort: false,
    start: async () => {
      const misfit = await wasmMisfit();
      // The module is done for once it has trapped, as it does without memory.
      const breaksOn = (error: unknown) => error instanceof WebAssembly.RuntimeError;
      return misfit === null ? running(await startWasm(files), breaksOn) : fail(misfit);
    },
    stop: () => {},
  };
}

/** Runs everywhere, slowly. */
export const cpuCandidate: Candidate = {
  name: 'cpu',
  lastResort: true,
  start: async () => running(await startCpu(), () => false),
  stop: () => {},
};

function running(
  started: Result<string, string>,
  breaksOn: RunningBackend['breaksOn'],
): Result<RunningBackend, string> {
  if (!started.ok) return started;
  return ok({
    label: started.value,
    broken: new AbortController().signal,
    fault: async () => null,
    breaksOn,
  });
}
