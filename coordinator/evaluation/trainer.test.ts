import { beforeAll, describe, expect } from 'vitest';
import { startBackend } from '#shared/training/backend.ts';
import { trainerSuite } from '#shared/training/trainer-suite.ts';
import { nodeWasmFiles } from './wasm-files.ts';

describe('training on wasm, in Node', () => {
  beforeAll(async () => {
    expect(await startBackend(nodeWasmFiles())).toEqual({ ok: true, value: 'wasm (SIMD)' });
  });
  trainerSuite();
});
