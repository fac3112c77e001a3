import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { generateKeyPair } from '../crypto/agreement.ts';
import { split } from '../crypto/shamir.ts';
import { selfMaskCommitment, sidOfOffer } from '../protocol/transcript.ts';
import { cohort, completeGraph, maskedBy, rememberingSuite, revealedBy, summed } from './testing.ts';
import { eraseRebuilt, rebuildSecrets, removeMasks, type UnmaskTerms } from './unmasking.ts';

const WORDS = 9;
const update = (index: number) =>
  Uint32Array.from({ length: WORDS }, (_, lane) => ((lane * 31 + index * 7) % 4001) - 2000);
const noPause = async () => {};

/** How far a member comes: it drops before U2, in U2, in U3, or reveals. */
type Reached = 'roster' | 'u2' | 'u3' | 'revealed';
const REACHED: readonly Reached[] = ['roster', 'u2', 'u3', 'revealed'];
const reaching = (pattern: readonly Reached[], least: Reached) =>
  pattern.flatMap((reached, index) => (REACHED.indexOf(reached) >= REACHED.indexOf(least) ? [index] : []));

/** Every pattern of `size` members. */
function patterns(size: number): readonly (readonly Reached[])[] {
  if (size === 0) return [[]];
  return patterns(size - 1).flatMap((rest) => REACHED.map((reached) => [...rest, reached]));
}

/** Masks, sums, reveals and rebuilds as the pattern says. */
async function play(pattern: readonly Reached[], seed: string, graph = completeGraph(pattern.length)) {
  const round = await cohort(pattern.length, seed, graph);
  const [u2, u3, revealing] = [
    reaching(pattern, 'u2'),
    reaching(pattern, 'u3'),
    reaching(pattern, 'revealed'),
  ];
  const dropped = u2.filter((index) => !u3.includes(index));
  const masked = await Promise.all(
    u3.map((index) => {
      const member = round.members[index];
      return member ? maskedBy(member, update(index), u2) : expect.unreachable();
    }),
  );
  const terms = round.unmaskTerms(u3, dropped);
  const rebuilt = rebuildSecrets(terms, revealedBy(round, revealing, u3, dropped));
  return { terms, rebuilt, sum: summed(masked), plain: summed(u3.map((index) => update(index))) };
}

describe('opening a sum', () => {
  it.each([3, 4, 5, 6])(
    'OPEN-3: of %i in the complete graph is the plain sum of U3, whoever drops at whatever phase, where t reveal',
    async (size) => {
      const { threshold } = completeGraph(size);
      const enough = patterns(size).filter((pattern) => reaching(pattern, 'revealed').length >= threshold);
      // Σ C(n, r) · 3^(n − r) over r ≥ t.
      expect(enough).toHaveLength({ 3: 1, 4: 13, 5: 16, 6: 154 }[size] ?? 0);
      for (const pattern of enough) {
        const { terms, rebuilt, sum, plain } = await play(pattern, `pattern of ${size}`);
        if (!rebuilt.ok) throw new Error(`${pattern.join()}: ${rebuilt.fault}`);
        expect(rebuilt.value.doubtful).toEqual([]);
        expect([...rebuilt.value.selfSeeds.keys()]).toEqual(terms.survivors);
        expect([...rebuilt.value.maskKeys.keys()]).toEqual(terms.dropped);
        expect(sum).not.toEqual(plain);
        expect(await removeMasks(sum, terms, rebuilt.value, rememberingSuite, noPause)).toEqual({
          ok: true,
          value: null,
        });
        expect({ pattern, sum }).toEqual({ pattern, sum: plain });
      }
    },
  );

  it.each([3, 4, 5])('OPEN-1: of %i opens nothing where one share too few is revealed', async (size) => {
    const { threshold } = completeGraph(size);
    const short = patterns(size).filter(
      (pattern) =>
        reaching(pattern, 'revealed').length === threshold - 1 && reaching(pattern, 'u3').length >= 3,
    );
    expect(short.length).toBeGreaterThan(0);
    for (const pattern of short)
      expect((await play(pattern, `short of ${size}`)).rebuilt).toMatchObject({ ok: false });
  });

  it('OPEN-3: in a sparse graph takes off the masks of neighbours alone', async () => {
    const graph = { graph: 'sparse', neighbours: 6, threshold: 4 } as const;
    for (const lost of [[], [3], [3, 8]]) {
      const pattern = Array.from({ length: 12 }, (_, index): Reached =>
        lost.includes(index) ? 'u2' : 'revealed',
      );
      const { terms, rebuilt, sum, plain } = await play(pattern, 'sparse', graph);
      if (!rebuilt.ok) throw new Error(rebuilt.fault);
      await removeMasks(sum, terms, rebuilt.value, rememberingSuite, noPause);
      expect(sum).toEqual(plain);
    }
  });

  it('OPEN-3: without the key of one that dropped, or with a self mask that stays on, the sum is not the sum', async () => {
    const pattern: readonly Reached[] = ['revealed', 'revealed', 'revealed', 'u2'];
    for (const omitted of ['selfSeeds', 'maskKeys'] as const) {
      const { terms, rebuilt, sum, plain } = await play(pattern, 'left on');
      if (!rebuilt.ok) return expect.unreachable();
      const partial = { ...rebuilt.value, [omitted]: new Map() };
      await removeMasks(sum, terms, partial, rememberingSuite, noPause);
      expect(sum).not.toEqual(plain);
    }
  });

  it('OPEN-3: a key with which a rebuilt one agrees on nothing is said', async () => {
    const { terms, rebuilt, sum } = await play(['revealed', 'revealed', 'revealed', 'u2'], 'small order');
    if (!rebuilt.ok) return expect.unreachable();
    const [first, ...others] = terms.advertised;
    if (first === undefined) return expect.unreachable();
    const advertised = [{ ...first, maskKey: new Uint8Array(32) }, ...others];
    expect(
      await removeMasks(sum, { ...terms, advertised }, rebuilt.value, rememberingSuite, noPause),
    ).toEqual({ ok: false, fault: 'No secret can be agreed with a rebuilt mask key.' });
  });

  it('LEAVE-1: what was rebuilt is zeroed', async () => {
    const { rebuilt } = await play(['revealed', 'revealed', 'revealed', 'u2'], 'zeroed');
    if (!rebuilt.ok) return expect.unreachable();
    const secrets = [...rebuilt.value.selfSeeds.values(), ...rebuilt.value.maskKeys.values()];
    expect(secrets.map((secret) => secret.some((byte) => byte !== 0))).toEqual([true, true, true, true]);
    eraseRebuilt(rebuilt.value);
    expect(secrets.flatMap((secret) => [...secret]).every((byte) => byte === 0)).toBe(true);
  });
});

describe('wrong shares', () => {
  const SIZE = 12;
  const { threshold } = completeGraph(SIZE);
  const MOST = Math.floor((SIZE - threshold) / 2);

  /** One survivor and one that dropped, dealt by themselves. */
  function dealt() {
    const random = seededRandom('dealt');
    const sid = sidOfOffer(random(16), random(32));
    const pair = generateKeyPair(random);
    const seed = random(32);
    const commitment = selfMaskCommitment(sid, seed);
    const keys = { maskKey: pair.publicKey, commitment };
    const xs = Array.from({ length: SIZE }, (_, index) => index + 1);
    const terms: UnmaskTerms = {
      sid,
      root: '00'.repeat(32),
      threshold,
      neighbours: [[], []],
      advertised: [keys, keys],
      survivors: [0],
      dropped: [1],
    };
    const shares = [seed, pair.secretKey].map((secret) => split(secret, threshold, xs, random));
    return { terms, seed, secretKey: pair.secretKey, shares };
  }

  /** `wrong` names [of, holder]. */
  function rebuildWith(wrong: readonly (readonly [number, number])[]) {
    const { terms, seed, secretKey, shares } = dealt();
    const given = new Map(
      shares.map((list, of) => [
        of,
        new Map(
          list.map(({ x, bytes }) => {
            const spoilt = wrong.some(([who, holder]) => who === of && holder === x - 1);
            return [x - 1, spoilt ? seededRandom(`wrong ${of} ${x}`)(32) : bytes];
          }),
        ),
      ]),
    );
    return { rebuilt: rebuildSecrets(terms, given), seed, secretKey };
  }

  it(`OPEN-2: up to ⌊(m − t)/2⌋ are found out, whoever gives them, and reported`, () => {
    expect([threshold, MOST]).toEqual([7, 2]);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: MOST }),
        fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: MOST }),
        (ofSeed, ofKey) => {
          const wrong = [
            ...ofSeed.map((holder) => [0, holder] as const),
            ...ofKey.map((holder) => [1, holder] as const),
          ];
          const { rebuilt, seed, secretKey } = rebuildWith(wrong);
          if (!rebuilt.ok) throw new Error(rebuilt.fault);
          expect(rebuilt.value.selfSeeds.get(0)).toEqual(seed);
          expect(rebuilt.value.maskKeys.get(1)).toEqual(secretKey);
          // Where the first t shares are right, the others are not looked at.
          const seen = wrong.filter(([of]) =>
            wrong.some(([other, holder]) => other === of && holder < threshold),
          );
          const names = (pairs: readonly (readonly [number, number])[]) =>
            pairs.map((pair) => pair.join()).sort();
          expect(names(rebuilt.value.doubtful)).toEqual(names(seen));
        },
      ),
      { numRuns: 60, seed: 71 },
    );
  });

  it('OPEN-2: one wrong share more opens nothing: it never gives another secret', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1),
        fc.uniqueArray(fc.nat(SIZE - 1), { minLength: MOST + 1, maxLength: SIZE }),
        (of, holders) => {
          const { rebuilt, seed, secretKey } = rebuildWith(holders.map((holder) => [of, holder] as const));
          // Where the first t shares are right, the others are not looked at.
          expect(rebuilt.ok).toBe(holders.every((holder) => holder >= threshold));
          if (!rebuilt.ok) return;
          expect(rebuilt.value.selfSeeds.get(0)).toEqual(seed);
          expect(rebuilt.value.maskKeys.get(1)).toEqual(secretKey);
        },
      ),
      { numRuns: 60, seed: 72 },
    );
  });

  it('OPEN-2: shares of another secret than was advertised are no secret, however well they fit', () => {
    const { terms, shares } = dealt();
    const other = { maskKey: new Uint8Array(32).fill(9), commitment: new Uint8Array(32).fill(9) };
    const given = new Map(
      shares.map((list, of) => [of, new Map(list.map(({ x, bytes }) => [x - 1, bytes]))]),
    );
    const [own] = terms.advertised;
    if (!own) return expect.unreachable();
    const rebuilt = rebuildSecrets({ ...terms, advertised: [other, own] }, given);
    expect(rebuilt).toMatchObject({ ok: false, fault: expect.stringContaining('self mask') });
    const dropped = rebuildSecrets({ ...terms, advertised: [own, other] }, given);
    expect(dropped).toMatchObject({ ok: false, fault: expect.stringContaining('mask key') });
    expect(JSON.stringify([rebuilt, dropped])).not.toContain(bytesToHex(own.commitment));
  });
});
