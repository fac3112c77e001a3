/**
 * Mask streams by the ChaCha20 of shared/wasm/assembly: four blocks at once, added to the words where they lie
 * in the module's memory. A vector passes through in pieces that stay in the processor's cache.
 */
import { base64UrlToBytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { MASKS_WASM } from '../wasm/masks.ts';
import { noblePrg, type Prg } from './mask.ts';

/** The module's memory: a page for the piece, then the key. */
const PIECE_BYTES = 65_536;
const PIECE_WORDS = PIECE_BYTES / 4;
const KEY_ADDRESS = PIECE_BYTES;
const KEY_BYTES = 32;
const BLOCK_WORDS = 16;
/** Four blocks: what the module works on at a time. */
const GROUP_WORDS = 64;

type Accumulate = (words: number, groups: number, key: number, block: number, subtract: number) => void;

/** The module, compiled; rejects with the engine's CompileError where the device has no SIMD. */
export async function instantiateMasks(): Promise<WebAssembly.Instance> {
  const bytes = base64UrlToBytes(MASKS_WASM) as Uint8Array<ArrayBuffer>;
  return (await WebAssembly.instantiate(bytes)).instance;
}

/** The generator on an instance of the module, which it has to itself. No key or mask stays in its memory. */
export function wasmPrg(instance: WebAssembly.Instance): Prg {
  const { memory } = instance.exports;
  invariant(memory instanceof WebAssembly.Memory, 'the module exports its memory');
  const accumulate = instance.exports['accumulate'] as Accumulate;
  const piece = new Uint32Array(memory.buffer, 0, PIECE_WORDS);
  const key = new Uint8Array(memory.buffer, KEY_ADDRESS, KEY_BYTES);
  return {
    accumulate: (words, masks) => {
      for (let start = 0; start < words.length; start += PIECE_WORDS) {
        const lanes = words.subarray(start, start + PIECE_WORDS);
        const groups = Math.ceil(lanes.length / GROUP_WORDS);
        piece.set(lanes);
        for (const { seed, sign } of masks) {
          key.set(seed);
          accumulate(0, groups, KEY_ADDRESS, start / BLOCK_WORDS, sign === 'subtract' ? 1 : 0);
        }
        lanes.set(lanes.length === PIECE_WORDS ? piece : piece.subarray(0, lanes.length));
      }
      key.fill(0);
      piece.fill(0, 0, Math.min(PIECE_WORDS, Math.ceil(words.length / GROUP_WORDS) * GROUP_WORDS));
    },
  };
}

/** The faster of what this device has: noble's where the engine takes no SIMD, or a page no wasm at all. */
export async function fastestPrg(
  instantiate: () => Promise<WebAssembly.Instance> = instantiateMasks,
): Promise<Prg> {
  try {
    return wasmPrg(await instantiate());
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return noblePrg;
    throw error;
  }
}
