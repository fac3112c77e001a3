/**
 * `npm run build:wasm`: compiles shared/wasm/assembly (AssemblyScript, in .as files, which TypeScript's tools
 * leave alone) and writes the bytes into shared/wasm/kernels.ts.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('../shared/wasm', import.meta.url));
const FLAGS = [
  '-O3',
  '--noAssert',
  // The memory is the wasm backend's: nothing of ours may lie in it, so no runtime and no data.
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
  '--initialMemory',
  '0',
  '--enable',
  'simd',
];

/** The text of shared/wasm/kernels.ts; throws with the compiler's words where the source is wrong. */
async function compileKernels(): Promise<string> {
  let bytes = new Uint8Array();
  let complaints = '';
  const { error } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...FLAGS], {
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
  return `/** Built from shared/wasm/assembly by \`npm run build:wasm\`; base64url. */\nexport const KERNELS_WASM =\n  '${base64}';\n`;
}

/** Whether the committed bytes are those of the committed source. */
export async function kernelsAreBuilt(): Promise<boolean> {
  return (await compileKernels()) === readFileSync(join(ROOT, 'kernels.ts'), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(join(ROOT, 'kernels.ts'), await compileKernels());
