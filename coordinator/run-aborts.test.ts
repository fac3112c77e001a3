/** Attempts that end without a sum, and runs that are stopped: over real sockets, real codec, keys and masks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesToHex } from '#shared/base/bytes.ts';
import { plainSumHash, playRound, ScriptedPart, trainedParts } from './testing/scripted-round.ts';
import { at, join, outcomes, startRun } from './testing/started-run.ts';
import { seen, startTinyCoordinator, tinyRun, type TinyCoordinator } from './testing/tiny-coordinator.ts';

let coordinator: TinyCoordinator;
beforeAll(async () => {
  coordinator = await startTinyCoordinator();
});
afterAll(() => coordinator.close());

describe('attempts that end without a sum', () => {
  it('ABORT-2: one lost while it masks ends the attempt; the next has another sid and goes on without it', async () => {
    const { run, everyone } = await startRun(coordinator, 4);
    const parts = await trainedParts(everyone);
    const uploads = await Promise.all(parts.slice(0, 3).map(async (part) => part.mask(await part.roster())));
    at(parts, 0).upload(at(uploads, 0));
    await seen(run, () => run.view().live.cohort.uploaded === 1);
    await at(everyone, 3).drop();
    const left = everyone.slice(0, 3);
    for (const who of left) expect(await who.next('abort')).toMatchObject({ code: 'upload-missing' });
    const { parts: again, results, plainSumHash: plain } = await playRound(left);
    expect(at(again, 0).offer).toMatchObject({ round: 1, attempt: 2, invited: 3 });
    expect(at(again, 0).sid).not.toBe(at(parts, 0).sid);
    // Not a word of the first attempt is in it.
    expect(bytesToHex(at(results, 0).sumHash)).toBe(plain);
    expect(outcomes(run)).toEqual([
      [1, 1, 'aborted', 'upload-missing'],
      [1, 2, 'done', null],
    ]);
    expect(run.view().log.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/attempt 1 was aborted: /),
    );
  });

  it('OPEN-1: one that leaves after its upload is in the sum all the same', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const parts = await trainedParts(everyone);
    await at(parts, 0).uploadForRoster();
    await seen(run, () => run.view().live.cohort.uploaded === 1);
    await at(everyone, 0).drop();
    await seen(run, () => run.view().live.here === 2);
    await Promise.all(parts.slice(1).map((part) => part.uploadForRoster()));
    const result = await at(everyone, 1).next('result');
    expect(bytesToHex(result.sumHash)).toBe(plainSumHash(parts));
    expect(result.survivors).toBe(3);
  });

  it.each([
    ['the second chunk first', (part: ScriptedPart, words: Uint32Array) => at(part.chunks(words), 1)],
    [
      'a chunk that is short',
      (part: ScriptedPart, words: Uint32Array) => ({
        ...at(part.chunks(words), 0),
        bytes: new Uint8Array(4),
      }),
    ],
    [
      'another number of chunks',
      (part: ScriptedPart, words: Uint32Array) => ({ ...at(part.chunks(words), 0), chunks: 3 }),
    ],
  ])('UPLOAD-1: %s costs its sender the connection and everyone the attempt', async (_, broken) => {
    const { run, everyone } = await startRun(coordinator, 4, { taskId: 'wide' });
    const parts = await trainedParts(everyone);
    const breaker = at(parts, 3);
    breaker.who.send(broken(breaker, breaker.mask(await breaker.roster())));
    expect(await breaker.who.next('fault')).toMatchObject({ code: 'wrong-length', closing: true });
    await breaker.who.closed;
    const left = everyone.slice(0, 3);
    for (const who of left) expect(await who.next('abort')).toMatchObject({ code: 'upload-missing' });
    await playRound(left);
    expect(outcomes(run)).toEqual([
      [1, 1, 'aborted', 'upload-missing'],
      [1, 2, 'done', null],
    ]);
  });

  it('OPEN-4: masks that do not cancel make no model', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const parts = await trainedParts(everyone);
    const before = run.record.modelHash;
    // One subtracts where it should add and adds where it should subtract: u + m becomes u − m.
    const wrongSign = at(parts, 0);
    const masked = wrongSign.mask(await wrongSign.roster());
    wrongSign.upload(Uint32Array.from(wrongSign.words, (word, lane) => 2 * word - (masked[lane] ?? 0)));
    await Promise.all(parts.slice(1).map((part) => part.uploadForRoster()));
    for (const who of everyone) expect(await who.next('abort')).toMatchObject({ code: 'sum-invalid' });
    expect(run.record.modelHash).toBe(before);
    expect(outcomes(run)).toEqual([[1, 1, 'aborted', 'sum-invalid']]);
    await playRound(everyone);
  });

  it('MASK-4: a sum with one mask word changed has another hash than the plain sum', async () => {
    const { everyone } = await startRun(coordinator, 3);
    const parts = await trainedParts(everyone);
    const wrong = at(parts, 0);
    const masked = wrong.mask(await wrong.roster());
    masked[3] = (masked[3] ?? 0) + 1;
    wrong.upload(masked);
    await Promise.all(parts.slice(1).map((part) => part.uploadForRoster()));
    expect(bytesToHex((await at(everyone, 1).next('result')).sumHash)).not.toBe(plainSumHash(parts));
  });

  it('TRAIN-4: fewer than three that have trained open nothing', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    for (const part of parts) part.accept();
    for (const part of parts.slice(0, 2)) part.advertise();
    await seen(run, () => run.view().live.cohort.trained === 2);
    await at(everyone, 2).drop();
    for (const who of everyone.slice(0, 2))
      expect(await who.next('abort')).toMatchObject({ code: 'too-few-trained' });
    expect(run.view().live).toMatchObject({ state: 'running', here: 2, needed: 3, phase: 'gathering' });
    const { results } = await playRound([...everyone.slice(0, 2), await join(coordinator, run)]);
    expect(results).toHaveLength(3);
  });

  it('END-1: one that never uploads is not waited for longer than the phase lasts', async () => {
    const durationsMs = { offered: 10_000, training: 10_000, rostered: 10_000, masking: 100 };
    const { run, everyone } = await startRun(coordinator, 3, { durationsMs });
    await trainedParts(everyone);
    for (const who of everyone) expect(await who.next('abort')).toMatchObject({ code: 'upload-missing' });
    expect(outcomes(run)[0]).toEqual([1, 1, 'aborted', 'upload-missing']);
    await run.stop();
  });

  it('RUN-6: after ten aborts in a row the run has failed, and says why', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    for (let attempt = 1; attempt <= 10; attempt++)
      for (const who of everyone) {
        const part = await ScriptedPart.of(who);
        who.send({ kind: 'decline', sid: Buffer.from(part.sid, 'hex'), reason: 'policy' });
      }
    for (const who of everyone)
      expect(await who.next('finished')).toMatchObject({ outcome: 'failed', rounds: 0 });
    expect(run.record.endedBecause).toMatch(/Round 1 was aborted 10 times in a row/);
    expect(outcomes(run).map(([, , , code]) => code)).toEqual(
      Array.from({ length: 10 }, () => 'too-few-accepted'),
    );
  });
});

describe('a stop', () => {
  it('ABORT-3: in the middle of a round aborts it, and the run is over', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 5 });
    await playRound(everyone);
    const parts = await trainedParts(everyone);
    await at(parts, 0).uploadForRoster();
    await seen(run, () => run.view().live.cohort.uploaded === 1);
    expect(await run.stop()).toBe(true);
    for (const who of everyone) {
      expect(await who.next('abort')).toMatchObject({ code: 'stopped' });
      expect(await who.next('finished')).toMatchObject({ outcome: 'stopped', rounds: 1 });
    }
    expect(run.record).toMatchObject({ state: 'stopped', endedBecause: 'Stopped after 1 of 5 rounds.' });
    expect(await run.stop()).toBe(false);
    expect(await run.start()).toBe(false);
  });

  it('RUN-5: between rounds or before the start ends the run at once', async () => {
    const run = await coordinator.createRun(tinyRun());
    const who = await join(coordinator, run);
    await run.stop();
    expect(await who.next('finished')).toMatchObject({ outcome: 'stopped', rounds: 0 });
    expect(run.record.state).toBe('stopped');
  });

  it('a run is started once', async () => {
    const { run } = await startRun(coordinator, 2);
    expect(await run.start()).toBe(false);
  });
});
