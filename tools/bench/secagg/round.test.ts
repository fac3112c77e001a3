import { describe, expect, it } from 'vitest';
import { systemRandom } from '#shared/base/random.ts';
import { applyMasks } from '#shared/crypto/mask.ts';
import { selfMaskSeed } from '#shared/round/secrets.ts';
import { bytesToHex } from '#shared/base/bytes.ts';
import { rosterList, rosterRoot } from '#shared/protocol/transcript.ts';
import { openSslSigner } from '../../../coordinator/crypto/openssl-signer.ts';
import { openSslSuite } from '../../../coordinator/crypto/openssl-suite.ts';
import { assembleAttempt } from './attempt.ts';
import { playRound } from './client.ts';
import { assembleCohort } from './cohort.ts';
import { toleratedPerMille, vanished } from './conditions.ts';
import { coordinateRound, uploadFrames } from './coordinator.ts';
import { requestsTo } from './requests.ts';

const cohortOf = (size: number, tolerated: number) =>
  assembleCohort(size, tolerated, openSslSigner(systemRandom(32)), openSslSuite);

describe('the measured client', () => {
  it('goes through a whole round, with the same bytes each time', async () => {
    const cohort = await cohortOf(10, 300);
    const requests = await requestsTo(cohort, 0.3);
    expect(requests.dropped).toHaveLength(3);
    const [first, again] = [new Uint32Array(1_000), new Uint32Array(1_000)];
    const sent = await playRound(cohort, requests, openSslSuite, first);
    expect(await playRound(cohort, requests, openSslSuite, again)).toEqual(sent);
    expect(again).toEqual(first);
    expect(first.filter((word) => word === 0).length).toBeLessThan(5);
    // Ten are invited: 16 + 4 bits a lane, and a little more.
    expect(sent.upload).toBeGreaterThan(2_500);
    expect(sent.upload + sent.control).toBeLessThan(2_500 + 250 * 9);
    expect(sent.toPeers).toBeGreaterThan(9 * 500);
  });

  it('does not count a round with too few survivors', async () => {
    const cohort = await cohortOf(10, 300);
    const requests = await requestsTo(cohort, 0.5);
    await expect(playRound(cohort, requests, openSslSuite, new Uint32Array(10))).rejects.toThrow(
      'enough holders have confirmed',
    );
  });

  it('does not count a round in which a box does not open', async () => {
    const cohort = await cohortOf(40, 300);
    const requests = await requestsTo(cohort, 0);
    // The last byte of a relayed frame is one of the box's tag.
    const spoilt = (frame: Uint8Array<ArrayBuffer>) =>
      frame.map((byte, i) => (i === frame.length - 1 ? byte ^ 1 : byte));
    const neighbours = cohort.neighbours.map((own) =>
      own.link === null ? { ...own, frames: own.frames.map(spoilt) } : own,
    );
    await expect(
      playRound({ ...cohort, neighbours }, requests, openSslSuite, new Uint32Array(10)),
    ).rejects.toThrow('every box opens');
  });

  it('has a sparse graph beyond a hundred', async () => {
    const cohort = await cohortOf(110, 100);
    expect(cohort.seat.neighbours.length).toBeLessThan(109);
    const sent = await playRound(cohort, await requestsTo(cohort, 0.1), openSslSuite, new Uint32Array(10));
    expect(sent.control).toBeGreaterThan(1_000);
  });
});

describe('the measured coordinator', () => {
  it('takes the self masks of all off the sum', async () => {
    const attempt = await assembleAttempt(6, 300, 0);
    const { sum } = await coordinateRound(attempt, 1_000, uploadFrames(attempt, 1_000));
    const root = bytesToHex(rosterRoot(attempt.sid, rosterList(attempt.cohort.roster)));
    const masks = attempt.selfSeeds.map((seed, owner) => ({
      seed: selfMaskSeed(attempt.sid, root, seed, owner),
      sign: 'add' as const,
    }));
    applyMasks(sum, masks);
    expect(sum).toEqual(new Uint32Array(1_000));
  });

  it('takes pairwise masks of those who vanished off it, and holds eight spools and a sum at most', async () => {
    const lanes = 200_000;
    const attempt = await assembleAttempt(20, 300, 0.3);
    expect(attempt.dropped).toHaveLength(6);
    const { peakBytes } = await coordinateRound(attempt, lanes, uploadFrames(attempt, lanes));
    const spoolsAndSum = 8 * Math.ceil((lanes * 21) / 8) + 4 * lanes;
    expect(peakBytes).toBeGreaterThanOrEqual(spoolsAndSum);
    // One chunk being read on top.
    expect(peakBytes).toBeLessThan(spoolsAndSum + 1_000_000);
  });

  it('does not count a round with too few survivors', async () => {
    const attempt = await assembleAttempt(10, 300, 0.5).catch((error: unknown) => String(error));
    expect(attempt).toMatch(/threshold/);
  });
});

describe('conditions', () => {
  it('has so many vanish as they say, and never the measured one', () => {
    expect(vanished({ cohort: 20, dropout: 0.1 }, 0)).toEqual([1, 10]);
    expect(vanished({ cohort: 1_000, dropout: 0.3 }, 7)).toHaveLength(300);
    expect(vanished({ cohort: 1_000, dropout: 0.3 }, 0)).not.toContain(0);
    expect(vanished({ cohort: 5, dropout: 0.1 }, 2)).toEqual([]);
  });

  it('offers what is to vanish', () => {
    expect(toleratedPerMille({ cohort: 100, dropout: 0 })).toBe(300);
    expect(toleratedPerMille({ cohort: 300, dropout: 0 })).toBe(100);
    expect(toleratedPerMille({ cohort: 300, dropout: 0.3 })).toBe(300);
  });
});
