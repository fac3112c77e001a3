/**
 * `npm run build:wasm`: compiles the modules of shared/wasm/assembly (AssemblyScript, in .as files, which
 * TypeScript's tools leave alone) and writes their bytes into shared/wasm, a file each.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('../shared/wasm', import.meta.url));
const FLAGS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];

interface WasmModule {
  /** The source it begins at, in shared/wasm/assembly. */
  readonly entry: string;
  /** The file in shared/wasm that holds its bytes, and the constant there. */
  readonly file: string;
  readonly constant: string;
  readonly memory: readonly string[];
}

export const WASM_MODULES: readonly WasmModule[] = [
  {
    entry: 'index.ts',
    file: 'kernels.ts',
    constant: 'KERNELS_WASM',
    // The memory is the wasm backend's: nothing of ours may lie in it, so no runtime and no data.
    memory: ['--importMemory', '--noExportMemory', '--initialMemory', '0'],
  },
  {
    entry: 'chacha20.ts',
    file: 'masks.ts',
    constant: 'MASKS_WASM',
    // One page for a piece of the vector, one for the key.
    memory: ['--initialMemory', '2'],
  },
  {
    entry: 'ring.ts',
    file: 'ring.ts',
    constant: 'RING_WASM',
    // Two pages for a piece of the sum, two for what is added to it.
    memory: ['--initialMemory', '4'],
  },
];

/** The text of the module's file in shared/wasm; throws with the compiler's words where the source is wrong. */
async function compile({ entry, constant, memory }: WasmModule): Promise<string> {
  let bytes = new Uint8Array();
  let complaints = '';
  const { error } = await asc.main([entry, '--outFile', 'module.wasm', ...FLAGS, ...memory], {
    readFile: (name) => {
      const path = join(ROOT, 'assembly', name.replace(/\.ts$/, '.as'));
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (_name, contents) => {
      bytes = Uint8Array.from(contents as Uint8Array);
    },
    listFiles: () => [],
    stderr: { write: (text) => (complaints += String(text)) },
  });
  if (error) throw new Error(`${error.message}\n${complaints}`);
  const base64 = Buffer.from(bytes).toString('base64url');
  return `/** Built from shared/wasm/assembly by \`npm run build:wasm\`; base64url. */\nexport const ${constant} =\n  '${base64}';\n`;
}

/** Whether the committed bytes are those of the committed source. */
export async function isBuilt(wasmModule: WasmModule): Promise<boolean> {
  return (await compile(wasmModule)) === readFileSync(join(ROOT, wasmModule.file), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const wasmModule of WASM_MODULES)
    writeFileSync(join(ROOT, wasmModule.file), await compile(wasmModule));
