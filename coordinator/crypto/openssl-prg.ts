/**
 * Mask streams by OpenSSL's ChaCha20, for participants in Node and for the coordinator's unmasking. They are added up
 * in the memory of a small module (shared/wasm/assembly/ring): a loop of JavaScript over typed arrays takes as long as
 * the cipher, and longer still in a process in which some buffer was ever detached.
 */
import { createCipheriv, type Cipheriv } from 'node:crypto';
import { base64UrlToBytes } from '#shared/base/bytes.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { MaskSign, Prg } from '#shared/crypto/mask.ts';
import { RING_WASM } from '#shared/wasm/ring.ts';

/** Bytes expanded at a time: the fastest of 16 to 128 KiB. The module's memory: a piece of the sum, then of a stream. */
const PIECE_BYTES = 131_072;
const PIECE_WORDS = PIECE_BYTES / 4;
const QUAD_WORDS = 4;
const ZEROS = new Uint8Array(PIECE_BYTES);
/** OpenSSL's IV: the block counter, little-endian in four bytes, and the nonce. */
const IV = new Uint8Array(16);

type Accumulate = (sum: number, terms: number, quads: number, subtract: number) => void;

interface Stream {
  readonly cipher: Cipheriv;
  readonly sign: MaskSign;
}

export function instantiateRing(): WebAssembly.Instance {
  const bytes = base64UrlToBytes(RING_WASM) as Uint8Array<ArrayBuffer>;
  return new WebAssembly.Instance(new WebAssembly.Module(bytes));
}

/** The generator on an instance of the module, which it has to itself. No word or stream stays in its memory. */
export function openSslPrgOn({ exports }: WebAssembly.Instance): Prg {
  const { memory } = exports;
  invariant(memory instanceof WebAssembly.Memory, 'the module exports its memory');
  const accumulate = exports['accumulate'] as Accumulate;
  const sum = new Uint32Array(memory.buffer, 0, PIECE_WORDS);
  const terms = new Uint8Array(memory.buffer, PIECE_BYTES, PIECE_BYTES);

  const accumulatePiece = (lanes: Uint32Array, streams: readonly Stream[]): void => {
    const quads = Math.ceil(lanes.length / QUAD_WORDS);
    sum.set(lanes);
    for (const { cipher, sign } of streams) {
      const stream = cipher.update(ZEROS.subarray(0, lanes.byteLength));
      terms.set(stream);
      release(stream);
      accumulate(0, PIECE_BYTES, quads, sign === 'subtract' ? 1 : 0);
    }
    lanes.set(sum.subarray(0, lanes.length));
  };

  return {
    accumulate: (words, masks) => {
      const streams = masks.map(({ seed, sign }) => ({ cipher: createCipheriv('chacha20', seed, IV), sign }));
      for (let start = 0; start < words.length; start += PIECE_WORDS)
        accumulatePiece(words.subarray(start, start + PIECE_WORDS), streams);
      const used = Math.min(PIECE_WORDS, Math.ceil(words.length / QUAD_WORDS) * QUAD_WORDS);
      sum.fill(0, 0, used);
      terms.fill(0, 0, 4 * used);
    },
  };
}

export const openSslPrg = openSslPrgOn(instantiateRing());

/** Zeroes it, and gives its memory back at once: the next piece comes where this one was, which is still in the cache. */
function release(stream: Buffer<ArrayBuffer>): void {
  stream.fill(0);
  if (stream.byteLength === stream.buffer.byteLength) stream.buffer.transfer(0);
}
