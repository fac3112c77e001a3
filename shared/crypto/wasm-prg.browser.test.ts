import { describe } from 'vitest';
import { prgSuite } from './prg-suite.ts';
import { instantiateMasks, wasmPrg } from './wasm-prg.ts';

describe('wasmPrg in a browser', () => {
  prgSuite(async () => wasmPrg(await instantiateMasks()));
});
