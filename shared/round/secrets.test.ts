import { createCipheriv, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes, u32be } from '../base/bytes.ts';
import type { ParticipantId } from '../base/ids.ts';
import { seededRandom } from '../base/random.ts';
import { agree, generateKeyPair } from '../crypto/agreement.ts';
import { split, combine, weightsAtZero } from '../crypto/shamir.ts';
import { CHI_SQUARE_BOUND, chiSquare, chiSquareBound, chiSquareOfBytes } from '../numeric/chi-square.ts';
import { bytesOfWords } from '../numeric/ring.ts';
import { selfMaskCommitment } from '../protocol/transcript.ts';
import { maskSeed, RoundSecrets, selfMaskSeed } from './secrets.ts';
import {
  cohort,
  completeGraph,
  maskedBy,
  rememberingSuite,
  revealedBy,
  summed,
  type Cohort,
  type Member,
} from './testing.ts';

/** Words such as updates have: small integers around zero. */
const update = (words: number, index: number) =>
  Uint32Array.from({ length: words }, (_, lane) => ((lane * 31 + index * 7) % 4001) - 2000);

const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`no ${index}`);
  return found;
};
const everyone = ({ members }: Cohort) => members.map(({ seat }) => seat.self);
const member = ({ members }: Cohort, index: number): Member => at(members, index);

/** The keys that a seeded cohort of one draws: mask key, seal key, seed of the self mask. */
function aloneOf(seed: string) {
  const random = seededRandom(seed);
  const drawn: Uint8Array[] = [];
  const secrets = new RoundSecrets(SID, rememberingSuite, (length) => {
    const bytes = random(length);
    drawn.push(bytes);
    return bytes;
  });
  return { secrets, maskKey: at(drawn, 0), selfSeed: at(drawn, 2) };
}
const SOMEBODY = '00'.repeat(32) as ParticipantId;
const SID = 'ab'.repeat(32) as Cohort['sid'];

/** HKDF and ChaCha20 of OpenSSL, as the design states the streams. */
function stream(secret: Uint8Array, sid: string, info: readonly Uint8Array[], words: number): Uint32Array {
  const seed = new Uint8Array(hkdfSync('sha256', secret, hexToBytes(sid), Buffer.concat([...info]), 32));
  const cipher = createCipheriv('chacha20', seed, new Uint8Array(16));
  return new Uint32Array(new Uint8Array(cipher.update(new Uint8Array(4 * words))).buffer);
}
const minus = (a: Uint32Array, b: Uint32Array) => a.map((word, i) => word - (b[i] ?? 0));

describe('masks', () => {
  it('MASK-1, MASK-2, MASK-3: are the streams that the protocol states, with their signs', async () => {
    const root = '5c'.repeat(32);
    const people = [0, 1, 2, 3].map((index) => aloneOf(`as stated ${index}`));
    const advertises = people.map(({ secrets }) =>
      secrets.advertise(SOMEBODY, new Uint8Array(1), new Uint8Array()),
    );
    const seat = { root, size: 4, self: 2, neighbours: [0, 1, 3], holders: [0, 1, 2, 3], threshold: 3 };
    const peers = new Map([0, 1, 3].map((peer) => [peer, at(advertises, peer)]));
    const { secrets, maskKey, selfSeed } = at(people, 2);
    const dealt = await secrets.deal(seat, peers);
    expect(dealt.ok).toBe(true);
    const own = stream(selfSeed, SID, [Buffer.from('self'), hexToBytes(root), u32be(2), u32be(2)], 30);
    const pair = (peer: number) => {
      const secret = agree(maskKey, at(advertises, peer).maskKey);
      if (!secret.ok) throw new Error(secret.fault.code);
      const [lower, higher] = [Math.min(peer, 2), Math.max(peer, 2)];
      return stream(
        secret.value,
        SID,
        [Buffer.from('mask'), hexToBytes(root), u32be(lower), u32be(higher)],
        30,
      );
    };
    const [first, second, fourth] = [pair(0), pair(1), pair(3)];
    const words = update(30, 2);
    // Its index is the higher one of (0, 2) and (1, 2), and the lower one of (2, 3).
    const expected = words.map(
      (word, i) => word + at([...own], i) - at([...first], i) - at([...second], i) + at([...fourth], i),
    );
    await secrets.mask(words, [0, 1, 3], async () => {});
    expect(words).toEqual(expected);
  });

  it.each([3, 4, 5, 8])('MASK-4: pair masks of %i cancel, and the self masks stay', async (size) => {
    const round = await cohort(size, `sum of ${size}`);
    const all = everyone(round);
    const plain = all.map((index) => update(40, index));
    const masked = await Promise.all(round.members.map((one, i) => maskedBy(one, at(plain, i), all)));
    const revealed = revealedBy(round, all, all, []);
    const selfMasks = all.map((of) => {
      const shares = [...(revealed.get(of) ?? [])];
      const seed = combine(
        shares.map(([, share]) => share),
        weightsAtZero(shares.map(([holder]) => holder + 1)),
      );
      expect(selfMaskCommitment(round.sid, seed)).toEqual(member(round, of).advertise.commitment);
      return stream(seed, round.sid, [Buffer.from('self'), hexToBytes(round.root), u32be(of), u32be(of)], 40);
    });
    expect(minus(summed(masked), summed(selfMasks))).toEqual(summed(plain));
  });

  it('MASK-4: without one of the vectors the sum says nothing: every byte of it is uniform', async () => {
    const round = await cohort(4, 'one missing');
    const all = everyone(round);
    const masked = await Promise.all(
      round.members.slice(1).map((one, i) => maskedBy(one, update(20_000, i + 1), all)),
    );
    expect(chiSquareOfBytes(bytesOfWords(summed(masked)))).toBeLessThan(CHI_SQUARE_BOUND);
  });

  it('MASK-5: a masked vector is uniform where the update is not', async () => {
    const round = await cohort(3, 'uniform');
    const plain = update(50_000, 0);
    expect(chiSquareOfBytes(bytesOfWords(plain))).toBeGreaterThan(100 * CHI_SQUARE_BOUND);
    for (const one of round.members) {
      const masked = await maskedBy(one, plain, everyone(round));
      expect(chiSquareOfBytes(bytesOfWords(masked))).toBeLessThan(CHI_SQUARE_BOUND);
    }
  });

  it('MASK-5: the difference of one participant’s uploads of one vector in two rounds is uniform', async () => {
    const plain = update(50_000, 0);
    const [first, second] = await Promise.all(
      ['first', 'second'].map(async (seed) => {
        const round = await cohort(3, seed);
        return maskedBy(member(round, 0), plain, everyone(round));
      }),
    );
    if (!first || !second) return expect.unreachable();
    expect(chiSquareOfBytes(bytesOfWords(minus(first, second)))).toBeLessThan(CHI_SQUARE_BOUND);
  });

  it('MASK-1: another sid, root, pair or owner gives another stream', () => {
    const secret = new Uint8Array(32).fill(3);
    const [sid, root, other] = [SID, '01'.repeat(32), '02'.repeat(32)];
    const seeds = [
      maskSeed(sid, root, secret, 0, 1),
      maskSeed('cd'.repeat(32) as Cohort['sid'], root, secret, 0, 1),
      maskSeed(sid, other, secret, 0, 1),
      maskSeed(sid, root, secret, 0, 2),
      selfMaskSeed(sid, root, secret, 0),
      selfMaskSeed(sid, root, secret, 1),
      selfMaskSeed(sid, other, secret, 0),
    ];
    expect(new Set(seeds.map(bytesToHex)).size).toBe(seeds.length);
    expect(maskSeed(sid, root, secret, 1, 0)).toEqual(maskSeed(sid, root, secret, 0, 1));
  });

  it('MASK-1: a peer key of small order is a fault: nothing is sealed to it', async () => {
    const { secrets } = aloneOf('small order');
    const seat = { root: '00'.repeat(32), size: 2, self: 0, neighbours: [1], holders: [0, 1], threshold: 2 };
    const zero = new Uint8Array(32);
    const peers = new Map([[1, { maskKey: zero, sealKey: zero }]]);
    expect(await secrets.deal(seat, peers)).toEqual({ ok: false, fault: 1 });
  });

  it('MASK-2: a mask key of small order is a fault, and the words are as they were', async () => {
    const { secrets } = aloneOf('small mask key');
    const seat = { root: '00'.repeat(32), size: 2, self: 0, neighbours: [1], holders: [0, 1], threshold: 2 };
    const { publicKey: sealKey } = generateKeyPair(seededRandom('peer'));
    await secrets.deal(seat, new Map([[1, { maskKey: new Uint8Array(32), sealKey }]]));
    const words = update(8, 0);
    expect(await secrets.mask(words, [1], async () => {})).toEqual({ ok: false, fault: 1 });
    expect(words).toEqual(update(8, 0));
  });
});

describe('shares', () => {
  it('SHARE-1: a box opens for the one it is sealed to, from the one who sealed it, once', async () => {
    const round = await cohort(4, 'boxes');
    const twin = await cohort(4, 'boxes');
    const [first, second] = [member(round, 0), member(round, 1)];
    const peers = new Map(
      second.seat.neighbours.map((peer) => [peer, member(twin, peer).advertise] as const),
    );
    const dealt = await member(twin, 1).secrets.deal(second.seat, peers);
    if (!dealt.ok) return expect.unreachable();
    // A second box of one neighbour is not kept, whatever is in it.
    expect(first.secrets.keep(1, at([...dealt.value.values()], 0))).toBe(false);
    const fresh = aloneOf('fresh');
    expect(fresh.secrets.keep(1, at([...dealt.value.values()], 0))).toBe(false);
  });

  it('SHARE-1: under another root the same box does not open: two rosters cannot be mixed', async () => {
    const deal = async (root: string) => {
      const [a, b] = [aloneOf('a'), aloneOf('b')];
      const keys = [a, b].map(({ secrets }) =>
        secrets.advertise(SOMEBODY, new Uint8Array(1), new Uint8Array()),
      );
      const seat = (self: number, peer: number) => ({
        root,
        size: 2,
        self,
        neighbours: [peer],
        holders: [0, 1],
        threshold: 2,
      });
      const boxes = await a.secrets.deal(seat(0, 1), new Map([[1, at(keys, 1)]]));
      await b.secrets.deal(seat(1, 0), new Map([[0, at(keys, 0)]]));
      return { b, box: boxes.ok ? boxes.value.get(1) : undefined };
    };
    const [one, other] = [await deal('01'.repeat(32)), await deal('02'.repeat(32))];
    if (!one.box || !other.box) return expect.unreachable();
    expect(one.b.secrets.keep(0, other.box)).toBe(false);
    expect(one.b.secrets.keep(0, one.box)).toBe(true);
  });

  it('SHARE-2: t − 1 shares are independent of the secret, and t are not (χ² of 16 × 16)', () => {
    const random = seededRandom('independence');
    const [holders, threshold, samples] = [[1, 2, 3, 4, 5], 4, 20_000];
    const table = (count: number) => {
      const cells = new Float64Array(256);
      const weights = weightsAtZero(holders.slice(0, count));
      for (let i = 0; i < samples; i++) {
        const secret = random(32);
        const shares = split(secret, threshold, holders, random);
        // What whoever holds so many would rebuild.
        const guess = combine(
          shares.slice(0, count).map(({ bytes }) => bytes),
          weights,
        );
        const cell = (at([...secret], 0) & 15) * 16 + (at([...guess], 0) & 15);
        cells[cell] = (cells[cell] ?? 0) + 1;
      }
      return chiSquare(cells, new Float64Array(256).fill(samples / 256));
    };
    expect(table(threshold - 1)).toBeLessThan(chiSquareBound(255));
    expect(table(threshold)).toBeGreaterThan(100 * chiSquareBound(255));
  });

  it('REVEAL-2: shares are revealed once, one kind of each member, and only those it holds', async () => {
    const round = await cohort(4, 'reveals');
    const { secrets } = member(round, 0);
    expect(() => secrets.reveal([0, 1, 2], [2])).toThrow('one share a member');
    const revealed = secrets.reveal([0, 1, 2], [3]);
    expect(revealed.map(({ of }) => of)).toEqual([0, 1, 2, 3]);
    expect(() => secrets.reveal([0, 1, 2], [3])).toThrow('shares are revealed once');
    expect(() => member(round, 1).secrets.reveal([4], [])).toThrow('it reveals shares that it holds');
  });

  it('LEAVE-1: what is erased masks and reveals nothing any more', async () => {
    const round = await cohort(3, 'erased');
    const { secrets } = member(round, 0);
    secrets.erase();
    expect(() => secrets.reveal([1], [])).toThrow('it reveals shares that it holds');
    const { secrets: other, maskKey, selfSeed } = aloneOf('zeroed');
    other.erase();
    expect([...maskKey, ...selfSeed].every((byte) => byte === 0)).toBe(true);
  });
});

describe('what the coordinator sees', () => {
  /**
   * All vectors of a round of five without the self masks that it may take off: the shares of all are in. Of 20,000
   * lanes each.
   */
  async function view(seed: string, inputs: readonly Uint32Array[]): Promise<readonly Uint32Array[]> {
    const round = await cohort(5, seed, completeGraph(5));
    const all = everyone(round);
    const masked = await Promise.all(round.members.map((one, i) => maskedBy(one, at(inputs, i), all)));
    const revealed = revealedBy(round, all, all, []);
    return masked.map((words, of) => {
      const shares = [...(revealed.get(of) ?? [])];
      const seedOf = combine(
        shares.map(([, share]) => share),
        weightsAtZero(shares.map(([holder]) => holder + 1)),
      );
      const info = [Buffer.from('self'), hexToBytes(round.root), u32be(of), u32be(of)];
      return minus(words, stream(seedOf, round.sid, info, words.length));
    });
  }
  const LANES = 20_000;
  /** Σ (a − b)²/(a + b): χ² of equal distributions, of two samples of one size. */
  const twoSamples = (a: Float64Array, b: Float64Array) =>
    a.reduce((sum, count, cell) => sum + (count - at([...b], cell)) ** 2 / (count + at([...b], cell)), 0);
  const histogram = (cells: Iterable<number>) => {
    const counts = new Float64Array(256);
    for (const cell of cells) counts[cell] = (counts[cell] ?? 0) + 1;
    return counts;
  };

  it('MASK-5: of two sets of inputs with one sum, its views have the same distribution and the same sum', async () => {
    const equal = [0, 1, 2, 3, 4].map((index) => update(LANES, index));
    // The first holds everything, and the others nothing.
    const skewed = [summed(equal), ...[1, 2, 3, 4].map(() => new Uint32Array(LANES))];
    const [one, other] = [await view('equal', equal), await view('skewed', skewed)];
    expect(summed(one)).toEqual(summed(other));
    for (let index = 0; index < 5; index++) {
      const [a, b] = [one, other].map((vectors) => histogram(bytesOfWords(at(vectors, index))));
      if (!a || !b) return expect.unreachable();
      expect(twoSamples(a, b)).toBeLessThan(chiSquareBound(255));
      // Two vectors at once: nibbles of a lane of this one and of the same lane of the next.
      const [c, d] = [one, other].map((vectors) => {
        const [left, right] = [at(vectors, index), at(vectors, (index + 1) % 5)];
        return histogram(left.map((word, lane) => ((word & 15) << 4) | ((right[lane] ?? 0) & 15)));
      });
      if (!c || !d) return expect.unreachable();
      expect(twoSamples(c, d)).toBeLessThan(chiSquareBound(255));
    }
  });

  it('MASK-5: the test of equal views tells the inputs themselves apart', () => {
    const [a, b] = [update(LANES, 0), new Uint32Array(LANES)].map((words) => histogram(bytesOfWords(words)));
    if (!a || !b) return expect.unreachable();
    const sum = a.reduce((total, count, cell) => {
      const other = b[cell] ?? 0;
      return count + other === 0 ? total : total + (count - other) ** 2 / (count + other);
    }, 0);
    expect(sum).toBeGreaterThan(100 * chiSquareBound(255));
  });
});
