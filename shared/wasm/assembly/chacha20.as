/**
 * ChaCha20 (RFC 8439, section 2.3) with nonce 0, four blocks side by side: a vector holds one state word of four
 * neighbouring blocks. The stream goes straight into the words it masks and is stored nowhere else.
 */

/** Bytes of four blocks. */
const GROUP: usize = 256;

// As bytes changing places, which is one instruction where two shifts and an or would be three.
@inline
function rotate16(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

// By 8 bits the shifts are as fast: V8 loads such a shuffle's pattern anew every time.
@inline
function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/**
 * Adds the stream of the 32 bytes at `key`, from 64-byte block `block` on and read as little-endian words, to
 * words[groups · 64] modulo 2^32, or subtracts it. Addresses in bytes.
 */
export function accumulate(words: usize, groups: usize, key: usize, block: i32, subtract: bool): void {
  const sigma0 = i32x4.splat(0x61707865), sigma1 = i32x4.splat(0x3320646e);
  const sigma2 = i32x4.splat(0x79622d32), sigma3 = i32x4.splat(0x6b206574);
  let counters = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  for (; groups > 0; groups--) {
    let a0 = sigma0, a1 = sigma1, a2 = sigma2, a3 = sigma3;
    let b0 = v128.load_splat<u32>(key), b1 = v128.load_splat<u32>(key + 4);
    let b2 = v128.load_splat<u32>(key + 8), b3 = v128.load_splat<u32>(key + 12);
    let c0 = v128.load_splat<u32>(key + 16), c1 = v128.load_splat<u32>(key + 20);
    let c2 = v128.load_splat<u32>(key + 24), c3 = v128.load_splat<u32>(key + 28);
    let d0 = counters, d1 = i32x4.splat(0), d2 = i32x4.splat(0), d3 = i32x4.splat(0);
    for (let round = 0; round < 10; round++) {
      a0 = i32x4.add(a0, b0); a1 = i32x4.add(a1, b1); a2 = i32x4.add(a2, b2); a3 = i32x4.add(a3, b3);
      d0 = rotate16(v128.xor(d0, a0)); d1 = rotate16(v128.xor(d1, a1));
      d2 = rotate16(v128.xor(d2, a2)); d3 = rotate16(v128.xor(d3, a3));
      c0 = i32x4.add(c0, d0); c1 = i32x4.add(c1, d1); c2 = i32x4.add(c2, d2); c3 = i32x4.add(c3, d3);
      b0 = rotate(v128.xor(b0, c0), 12); b1 = rotate(v128.xor(b1, c1), 12);
      b2 = rotate(v128.xor(b2, c2), 12); b3 = rotate(v128.xor(b3, c3), 12);
      a0 = i32x4.add(a0, b0); a1 = i32x4.add(a1, b1); a2 = i32x4.add(a2, b2); a3 = i32x4.add(a3, b3);
      d0 = rotate(v128.xor(d0, a0), 8); d1 = rotate(v128.xor(d1, a1), 8);
      d2 = rotate(v128.xor(d2, a2), 8); d3 = rotate(v128.xor(d3, a3), 8);
      c0 = i32x4.add(c0, d0); c1 = i32x4.add(c1, d1); c2 = i32x4.add(c2, d2); c3 = i32x4.add(c3, d3);
      b0 = rotate(v128.xor(b0, c0), 7); b1 = rotate(v128.xor(b1, c1), 7);
      b2 = rotate(v128.xor(b2, c2), 7); b3 = rotate(v128.xor(b3, c3), 7);

      a0 = i32x4.add(a0, b1); a1 = i32x4.add(a1, b2); a2 = i32x4.add(a2, b3); a3 = i32x4.add(a3, b0);
      d3 = rotate16(v128.xor(d3, a0)); d0 = rotate16(v128.xor(d0, a1));
      d1 = rotate16(v128.xor(d1, a2)); d2 = rotate16(v128.xor(d2, a3));
      c2 = i32x4.add(c2, d3); c3 = i32x4.add(c3, d0); c0 = i32x4.add(c0, d1); c1 = i32x4.add(c1, d2);
      b1 = rotate(v128.xor(b1, c2), 12); b2 = rotate(v128.xor(b2, c3), 12);
      b3 = rotate(v128.xor(b3, c0), 12); b0 = rotate(v128.xor(b0, c1), 12);
      a0 = i32x4.add(a0, b1); a1 = i32x4.add(a1, b2); a2 = i32x4.add(a2, b3); a3 = i32x4.add(a3, b0);
      d3 = rotate(v128.xor(d3, a0), 8); d0 = rotate(v128.xor(d0, a1), 8);
      d1 = rotate(v128.xor(d1, a2), 8); d2 = rotate(v128.xor(d2, a3), 8);
      c2 = i32x4.add(c2, d3); c3 = i32x4.add(c3, d0); c0 = i32x4.add(c0, d1); c1 = i32x4.add(c1, d2);
      b1 = rotate(v128.xor(b1, c2), 7); b2 = rotate(v128.xor(b2, c3), 7);
      b3 = rotate(v128.xor(b3, c0), 7); b0 = rotate(v128.xor(b0, c1), 7);
    }
    addRow(words, i32x4.add(a0, sigma0), i32x4.add(a1, sigma1), i32x4.add(a2, sigma2), i32x4.add(a3, sigma3), subtract);
    addRow(
      words + 16, i32x4.add(b0, v128.load_splat<u32>(key)), i32x4.add(b1, v128.load_splat<u32>(key + 4)),
      i32x4.add(b2, v128.load_splat<u32>(key + 8)), i32x4.add(b3, v128.load_splat<u32>(key + 12)), subtract,
    );
    addRow(
      words + 32, i32x4.add(c0, v128.load_splat<u32>(key + 16)), i32x4.add(c1, v128.load_splat<u32>(key + 20)),
      i32x4.add(c2, v128.load_splat<u32>(key + 24)), i32x4.add(c3, v128.load_splat<u32>(key + 28)), subtract,
    );
    addRow(words + 48, i32x4.add(d0, counters), d1, d2, d3, subtract);
    counters = i32x4.add(counters, i32x4.splat(4));
    words += GROUP;
  }
}

/** Four words of each of four blocks, given word by word, to the blocks' places (64 bytes apart). */
@inline
function addRow(to: usize, w0: v128, w1: v128, w2: v128, w3: v128, subtract: bool): void {
  const low01 = v128.shuffle<i32>(w0, w1, 0, 4, 1, 5), high01 = v128.shuffle<i32>(w0, w1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(w2, w3, 0, 4, 1, 5), high23 = v128.shuffle<i32>(w2, w3, 2, 6, 3, 7);
  addQuad(to, v128.shuffle<i64>(low01, low23, 0, 2), subtract);
  addQuad(to + 64, v128.shuffle<i64>(low01, low23, 1, 3), subtract);
  addQuad(to + 128, v128.shuffle<i64>(high01, high23, 0, 2), subtract);
  addQuad(to + 192, v128.shuffle<i64>(high01, high23, 1, 3), subtract);
}

@inline
function addQuad(to: usize, stream: v128, subtract: bool): void {
  const words = v128.load(to);
  v128.store(to, subtract ? i32x4.sub(words, stream) : i32x4.add(words, stream));
}
