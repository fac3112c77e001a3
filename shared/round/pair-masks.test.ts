import { createCipheriv, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes, u32be } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId, type Sid } from '../base/ids.ts';
import { seededRandom } from '../base/random.ts';
import { agree, generateKeyPair, type KeyPair } from '../crypto/agreement.ts';
import { applyMask } from '../crypto/mask.ts';
import { CHI_SQUARE_BOUND, chiSquareOfBytes } from '../numeric/chi-square.ts';
import { addVector, bytesOfWords } from '../numeric/ring.ts';
import { rosterRoot, sidOfOffer, type RosterEntry } from '../protocol/transcript.ts';
import { maskTerms, maskWithAll, maskWithPeer } from './pair-masks.ts';

interface Cohort {
  readonly sid: Sid;
  readonly keys: readonly KeyPair[];
  readonly entries: readonly RosterEntry[];
}

function cohort(size: number, seed: string): Cohort {
  const random = seededRandom(seed);
  const ids = Array.from({ length: size }, () => participantOf(random(32))).sort();
  const keys = ids.map(() => generateKeyPair(random));
  const entries = ids.map((participant, index) => ({
    participant,
    maskKey: bytesToHex((keys[index] as KeyPair).publicKey),
  }));
  return { sid: sidOfOffer(random(16), random(32)), keys, entries };
}
function participantOf(bytes: Uint8Array): ParticipantId {
  const id = bytesToHex(bytes);
  if (!isParticipantId(id)) throw new Error(id);
  return id;
}

/** Words such as updates have: small integers around zero. */
const update = (words: number, index: number) =>
  Uint32Array.from({ length: words }, (_, lane) => ((lane * 31 + index * 7) % 4001) - 2000);

function masked({ sid, keys, entries }: Cohort, index: number, plain: Uint32Array): Uint32Array {
  const words = plain.slice();
  const { participant } = entries[index] as RosterEntry;
  const done = maskWithAll(words, maskTerms(sid, entries, participant, (keys[index] as KeyPair).secretKey));
  if (!done.ok) throw new Error(done.fault.code);
  return words;
}

const summed = (vectors: readonly Uint32Array[]) => {
  const sum = new Uint32Array((vectors[0] as Uint32Array).length);
  for (const vector of vectors) addVector(sum, vector);
  return sum;
};

/** The mask stream of the pair (lower, higher) as docs/protocol.md states it, by OpenSSL from the secret on. */
function stream({ sid, keys, entries }: Cohort, lower: number, higher: number, words: number): Uint32Array {
  const secret = agree((keys[lower] as KeyPair).secretKey, (keys[higher] as KeyPair).publicKey);
  if (!secret.ok) throw new Error(secret.fault.code);
  const info = Buffer.concat([Buffer.from('mask'), rosterRoot(sid, entries), u32be(lower), u32be(higher)]);
  const seed = new Uint8Array(hkdfSync('sha256', secret.value, hexToBytes(sid), info, 32));
  const cipher = createCipheriv('chacha20', seed, new Uint8Array(16));
  return new Uint32Array(new Uint8Array(cipher.update(new Uint8Array(4 * words))).buffer);
}

describe('pairwise masks', () => {
  it('MASK-1, MASK-2, MASK-3: are the streams that the protocol states, with its signs', () => {
    const round = cohort(4, 'as stated');
    const plain = update(30, 2);
    const expected = plain.slice();
    for (const lower of [0, 1])
      stream(round, lower, 2, 30).forEach(
        (word, lane) => (expected[lane] = (expected[lane] as number) - word),
      );
    stream(round, 2, 3, 30).forEach((word, lane) => (expected[lane] = (expected[lane] as number) + word));
    expect(masked(round, 2, plain)).toEqual(expected);
  });

  it.each([3, 4, 5, 8])('MASK-4: the masked vectors of %i participants sum to the plain sum', (size) => {
    const round = cohort(size, `sum of ${size}`);
    const plain = round.entries.map((_, index) => update(40, index));
    const sum = summed(plain.map((words, index) => masked(round, index, words)));
    expect(sum).toEqual(summed(plain));
  });

  it('MASK-4: without one of the vectors the sum says nothing: every byte of it is uniform', () => {
    const round = cohort(4, 'one missing');
    const plain = round.entries.map((_, index) => update(20_000, index));
    const sum = summed(plain.slice(1).map((words, index) => masked(round, index + 1, words)));
    expect(chiSquareOfBytes(bytesOfWords(sum))).toBeLessThan(CHI_SQUARE_BOUND);
  });

  it('MASK-5: a masked vector is uniform where the update is not', () => {
    const round = cohort(3, 'uniform');
    const plain = update(50_000, 0);
    expect(chiSquareOfBytes(bytesOfWords(plain))).toBeGreaterThan(100 * CHI_SQUARE_BOUND);
    for (let index = 0; index < 3; index++)
      expect(chiSquareOfBytes(bytesOfWords(masked(round, index, plain)))).toBeLessThan(CHI_SQUARE_BOUND);
  });

  it('MASK-5: the difference of one participant’s uploads of one vector in two rounds is uniform', () => {
    const plain = update(50_000, 0);
    const uploads = ['first', 'second'].map((seed) => masked(cohort(3, seed), 0, plain));
    const [first, second] = uploads as [Uint32Array, Uint32Array];
    const difference = first.map((word, lane) => word - (second[lane] as number));
    expect(chiSquareOfBytes(bytesOfWords(difference))).toBeLessThan(CHI_SQUARE_BOUND);
  });

  it('MASK-1: the same keys and roster under another sid give other masks, and they do not cancel', () => {
    const round = cohort(3, 'other sid');
    const other = { ...round, sid: cohort(3, 'its sid').sid };
    const plain = round.entries.map((_, index) => update(10, index));
    const [first, second, third] = plain as [Uint32Array, Uint32Array, Uint32Array];
    expect(masked(other, 0, first)).not.toEqual(masked(round, 0, first));
    const mixed = summed([masked(other, 0, first), masked(round, 1, second), masked(round, 2, third)]);
    expect(mixed).not.toEqual(summed(plain));
  });

  it('MASK-1: participants that were shown different rosters have masks that do not cancel', () => {
    const round = cohort(3, 'one roster');
    const shown = round.entries.map((entry, index) =>
      index === 2
        ? { ...entry, maskKey: bytesToHex(generateKeyPair(seededRandom('swapped')).publicKey) }
        : entry,
    );
    const plain = round.entries.map((_, index) => update(10, index));
    const [first, second, third] = plain as [Uint32Array, Uint32Array, Uint32Array];
    const split = { ...round, entries: shown };
    const sum = summed([masked(split, 0, first), masked(round, 1, second), masked(round, 2, third)]);
    expect(sum).not.toEqual(summed(plain));
  });

  it('MASK-3: the lower index adds and the higher subtracts; both signs the same would not cancel', () => {
    const { sid, keys, entries } = cohort(2, 'signs');
    const [lower, higher] = [0, 1].map((index) => {
      const { participant } = entries[index] as RosterEntry;
      const words = new Uint32Array(8);
      maskWithPeer(
        words,
        maskTerms(sid, entries, participant, (keys[index] as KeyPair).secretKey),
        1 - index,
      );
      return words;
    }) as [Uint32Array, Uint32Array];
    expect(summed([lower, higher])).toEqual(new Uint32Array(8));
    expect(summed([lower, higher.map((word) => -word)])).not.toEqual(new Uint32Array(8));
    expect(lower).not.toEqual(new Uint32Array(8));
  });

  it('MASK-1: a peer key of small order is a fault and leaves the words as they were', () => {
    const { sid, keys, entries } = cohort(3, 'small order');
    const spoilt = entries.map((entry, index) =>
      index === 1 ? { ...entry, maskKey: '00'.repeat(32) } : entry,
    );
    const { participant } = entries[0] as RosterEntry;
    const terms = maskTerms(sid, spoilt, participant, (keys[0] as KeyPair).secretKey);
    const words = update(8, 0);
    expect(maskWithPeer(words, terms, 1)).toEqual({ ok: false, fault: { code: 'small-order-key' } });
    expect(words).toEqual(update(8, 0));
    expect(maskWithAll(words, terms)).toMatchObject({ ok: false });
  });

  it('passes the chosen mask generator on', () => {
    const { sid, keys, entries } = cohort(2, 'generator');
    const { participant } = entries[0] as RosterEntry;
    const terms = maskTerms(sid, entries, participant, (keys[0] as KeyPair).secretKey);
    const [words, expected] = [new Uint32Array(3), new Uint32Array(3)];
    const sevens = { expand: (_: Uint8Array, __: number, output: Uint8Array) => void output.fill(7) };
    maskWithPeer(words, terms, 1, sevens);
    applyMask(expected, new Uint8Array(32), 'add', sevens);
    expect(words).toEqual(expected);
  });
});
