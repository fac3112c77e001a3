/** Kernels that replace or complete tfjs's wasm backend; called once, after it has started. */
import { registerMatMul } from './mat-mul.ts';

let registered = false;

export function registerKernels(): void {
  if (registered) return;
  registered = true;
  registerMatMul();
}
