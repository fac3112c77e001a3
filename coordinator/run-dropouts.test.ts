/** Participants that vanish, stall or come back, at every phase: over real sockets, real codec, keys, shares and masks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesToHex } from '#shared/base/bytes.ts';
import { RECONNECT_GRACE_MS } from '#shared/protocol/limits.ts';
import {
  finishParts,
  plainSumHash,
  playRound,
  ScriptedPart,
  trainedParts,
} from './testing/scripted-round.ts';
import { ScriptedParticipant } from './testing/scripted-participant.ts';
import { at, join, outcomes, startRun } from './testing/started-run.ts';
import { seen, startTinyCoordinator, type TinyCoordinator } from './testing/tiny-coordinator.ts';

let coordinator: TinyCoordinator;
beforeAll(async () => {
  coordinator = await startTinyCoordinator();
});
afterAll(() => coordinator.close());

const hashOf = (results: readonly { readonly sumHash: Uint8Array }[]) =>
  new Set(results.map(({ sumHash }) => bytesToHex(sumHash)));

describe('one of five vanishes, and the sum of the others is exact', () => {
  it('TRAIN-4: while it trains', async () => {
    const { run, everyone } = await startRun(coordinator, 5);
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    for (const part of parts) part.accept();
    await seen(run, () => run.view().live.cohort.training === 5);
    await at(everyone, 4).drop();
    const left = parts.slice(0, 4);
    for (const part of left) await part.advertise();
    await Promise.all(left.map((part) => part.uploadForRoster()));
    expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(left)]));
    expect(run.view().rounds[0]).toMatchObject({ invited: 5, dropped: 1, participants: 4 });
  });

  it('SHARE-4: after the roster, before it has shared: nobody masks with it', async () => {
    const { run, everyone } = await startRun(coordinator, 5);
    const parts = await trainedParts(everyone);
    await at(everyone, 4).next('roster');
    await at(everyone, 4).drop();
    const left = parts.slice(0, 4);
    await Promise.all(left.map((part) => part.shareForRoster(3)));
    await Promise.all(left.map(async (part) => part.upload(await part.mask())));
    expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(left)]));
    expect(run.view().rounds[0]).toMatchObject({ invited: 5, dropped: 1, participants: 4 });
  });

  it('UPLOAD-4: while it masks: its mask key is rebuilt from its neighbours’ shares', async () => {
    const { run, everyone } = await startRun(coordinator, 5);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    await at(everyone, 4).next('mask-request');
    await at(everyone, 4).drop();
    const left = parts.slice(0, 4);
    await Promise.all(left.map(async (part) => part.upload(await part.mask())));
    expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(left)]));
    expect(run.view().rounds[0]).toMatchObject({ invited: 5, dropped: 1, participants: 4 });
  });

  it('UPLOAD-4: in the middle of its upload: what came of it is forgotten', async () => {
    const { run, everyone } = await startRun(coordinator, 5, { taskId: 'wide' });
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    const lost = at(parts, 4);
    const [first] = lost.chunks(await lost.mask());
    await lost.turn();
    lost.who.send(first ?? expect.unreachable());
    await lost.who.drop();
    const left = parts.slice(0, 4);
    await Promise.all(left.map(async (part) => part.upload(await part.mask())));
    expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(left)]));
    expect(run.view().rounds[0]).toMatchObject({ dropped: 1, participants: 4 });
  });

  it('CONFIRM-3: after its upload: it is in the sum all the same', async () => {
    const { run, everyone } = await startRun(coordinator, 5);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    await at(everyone, 4).next('unmask-request');
    await at(everyone, 4).drop();
    const left = parts.slice(0, 4);
    expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(parts)]));
    expect(run.view().rounds[0]).toMatchObject({ dropped: 0, participants: 5 });
  });

  it('OPEN-1: after it has confirmed: the others’ shares are enough', async () => {
    const { everyone } = await startRun(coordinator, 5);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    const u3 = at(await Promise.all(parts.map((part) => part.confirm())), 0);
    await at(everyone, 4).drop();
    const left = parts.slice(0, 4);
    await Promise.all(left.map((part) => part.reveal(u3)));
    const results = await Promise.all(left.map((part) => part.result()));
    expect(hashOf(results)).toEqual(new Set([plainSumHash(parts)]));
  });
});

describe('too many vanish: nothing is opened, everybody is told why, and the next attempt begins', () => {
  it('TRAIN-4: fewer than three that have trained', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    for (const part of parts) part.accept();
    for (const part of parts.slice(0, 2)) await part.advertise();
    await seen(run, () => run.view().live.cohort.trained === 2);
    await at(everyone, 2).drop();
    for (const who of everyone.slice(0, 2))
      expect(await who.next('abort')).toMatchObject({ code: 'too-few-trained' });
    expect(run.view().live).toMatchObject({ state: 'running', here: 2, needed: 3, phase: 'gathering' });
    const { results } = await playRound([...everyone.slice(0, 2), await join(coordinator, run)]);
    expect(results).toHaveLength(3);
  });

  it('SHARE-5: fewer than three that hold shares of each other', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const parts = await trainedParts(everyone);
    await at(everyone, 2).next('roster');
    await at(everyone, 2).drop();
    await Promise.all(parts.slice(0, 2).map((part) => part.shareForRoster(1)));
    for (const who of everyone.slice(0, 2))
      expect(await who.next('abort')).toMatchObject({ code: 'too-few-shared' });
    expect(outcomes(run)).toEqual([[1, 1, 'aborted', 'too-few-shared']]);
  });

  it('UPLOAD-4: two of four uploads: the masks of the others could not come off', async () => {
    const { run, everyone } = await startRun(coordinator, 4);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    for (const who of everyone.slice(2)) await who.drop();
    const left = everyone.slice(0, 2);
    await Promise.all(parts.slice(0, 2).map(async (part) => part.upload(await part.mask())));
    for (const who of left) expect(await who.next('abort')).toMatchObject({ code: 'too-few-uploaded' });
    const third = await join(coordinator, run);
    const { parts: second, results, plainSumHash: plain } = await playRound([...left, third]);
    expect(at(second, 0).offer).toMatchObject({ round: 1, attempt: 2 });
    expect(at(second, 0).sid).not.toBe(at(parts, 0).sid);
    // Not a word of the first attempt is in it.
    expect(hashOf(results)).toEqual(new Set([plain]));
    expect(run.view().log.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/attempt 1 was aborted: /),
    );
  });

  it('CONFIRM-3: two of four confirm', async () => {
    const { everyone } = await startRun(coordinator, 4);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    await Promise.all(everyone.slice(2).map((who) => who.next('unmask-request')));
    for (const who of everyone.slice(2)) await who.drop();
    await Promise.all(parts.slice(0, 2).map((part) => part.confirm()));
    for (const who of everyone.slice(0, 2))
      expect(await who.next('abort')).toMatchObject({ code: 'too-few-confirmed' });
  });

  it('OPEN-2: two of four reveal', async () => {
    const { everyone } = await startRun(coordinator, 4);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    const u3 = at(await Promise.all(parts.map((part) => part.confirm())), 0);
    await Promise.all(everyone.slice(2).map((who) => who.next('confirmations')));
    for (const who of everyone.slice(2)) await who.drop();
    await Promise.all(parts.slice(0, 2).map((part) => part.reveal(u3)));
    for (const who of everyone.slice(0, 2))
      expect(await who.next('abort')).toMatchObject({ code: 'too-few-shares' });
  });

  it('OPEN-2: a wrong share is found out, and without enough right ones nothing is opened', async () => {
    const { everyone } = await startRun(coordinator, 3);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    const u3 = at(await Promise.all(parts.map((part) => part.confirm())), 0);
    const liar = at(parts, 0);
    await liar.who.next('confirmations');
    const shares = liar.secrets
      .reveal(u3, [])
      .map(({ of, share }) => ({ of, share: share.map((byte) => byte ^ 1) }));
    liar.who.send({ kind: 'reveal', sid: liar.sidBytes, shares });
    await Promise.all(parts.slice(1).map((part) => part.reveal(u3)));
    for (const who of everyone) expect(await who.next('abort')).toMatchObject({ code: 'too-few-shares' });
  });

  it('OPEN-2: with a share to spare, one wrong one costs nothing', async () => {
    const { everyone } = await startRun(coordinator, 7);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    const u3 = at(await Promise.all(parts.map((part) => part.confirm())), 0);
    const liar = at(parts, 0);
    await liar.who.next('confirmations');
    const shares = liar.secrets
      .reveal(u3, [])
      .map(({ of, share }) => ({ of, share: share.map((byte) => byte ^ 1) }));
    liar.who.send({ kind: 'reveal', sid: liar.sidBytes, shares });
    await Promise.all(parts.slice(1).map((part) => part.reveal(u3)));
    const results = await Promise.all(parts.map((part) => part.result()));
    expect(hashOf(results)).toEqual(new Set([plainSumHash(parts)]));
  });
});

describe('one that comes back', () => {
  const comeBack = (part: ScriptedPart): ScriptedParticipant =>
    new ScriptedParticipant(part.who.invitation, part.who.secretKey);

  it('JOIN-5: within its phase goes on where it was, and is in the sum', async () => {
    const patient = await startTinyCoordinator({
      connection: { helloMs: 10_000, livenessMs: 10_000, graceMs: RECONNECT_GRACE_MS },
    });
    const { everyone } = await startRun(patient, 4);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    const away = at(parts, 3);
    const packed = await away.mask();
    await away.who.drop();
    const again = comeBack(away);
    await again.hello({ resume: away.sidBytes });
    // What it was asked last is asked again.
    await again.next('mask-request', away.sid);
    away.continueAs(again);
    await Promise.all(parts.slice(0, 3).map(async (part) => part.upload(await part.mask())));
    await away.upload(packed);
    expect(hashOf(await finishParts(parts))).toEqual(new Set([plainSumHash(parts)]));
    await patient.close();
  });

  it('UPLOAD-2: in the middle of its upload sends the rest alone', async () => {
    const patient = await startTinyCoordinator({
      connection: { helloMs: 10_000, livenessMs: 10_000, graceMs: RECONNECT_GRACE_MS },
    });
    const { everyone } = await startRun(patient, 3, { taskId: 'wide' });
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    const away = at(parts, 2);
    const chunks = away.chunks(await away.mask());
    await away.turn();
    away.who.send(at(chunks, 0));
    // Answered in order: the chunk has been taken by then.
    away.who.send({ kind: 'masked-ready', sid: away.sidBytes });
    expect((await away.who.next('upload-grant', away.sid)).nextChunk).toBe(1);
    await away.who.drop();
    const again = comeBack(away);
    await again.hello({ resume: away.sidBytes });
    await again.next('mask-request', away.sid);
    away.continueAs(again);
    expect(await away.turn()).toBe(1);
    again.send(at(chunks, 1));
    await Promise.all(parts.slice(0, 2).map(async (part) => part.upload(await part.mask())));
    expect(hashOf(await finishParts(parts))).toEqual(new Set([plainSumHash(parts)]));
    await patient.close();
  });

  it('JOIN-5: without its secrets (a reload) counts as gone at once', async () => {
    const { run, everyone } = await startRun(coordinator, 4, { rounds: 2 });
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    const again = await join(coordinator, run, at(parts, 3).who.secretKey);
    // The old connection of the same identity is told, and closed.
    expect(await at(everyone, 3).next('fault')).toMatchObject({ code: 'replaced', closing: true });
    const left = parts.slice(0, 3);
    await Promise.all(left.map(async (part) => part.upload(await part.mask())));
    expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(left)]));
    expect((await playRound([...everyone.slice(0, 3), again])).results).toHaveLength(4);
    expect(run.view().rounds.map(({ participants }) => participants)).toEqual([3, 4]);
  });

  it('OUTCOME-2: after the end of its round learns how it ended', async () => {
    const { run, everyone } = await startRun(coordinator, 4, { rounds: 2 });
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    await at(everyone, 3).next('unmask-request');
    await at(everyone, 3).drop();
    await finishParts(parts.slice(0, 3));
    await seen(run, () => run.view().rounds.length === 1);
    const again = comeBack(at(parts, 3));
    await again.hello({ resume: at(parts, 3).sidBytes });
    expect(bytesToHex((await again.next('result', at(parts, 3).sid)).sumHash)).toBe(plainSumHash(parts));
  });
});

describe('uploads that break the rules', () => {
  it.each([
    [
      'the second chunk first',
      'wrong-length',
      (part: ScriptedPart, packed: Uint8Array<ArrayBuffer>) => at(part.chunks(packed), 1),
    ],
    [
      'a chunk that is short',
      'wrong-length',
      (part: ScriptedPart, packed: Uint8Array<ArrayBuffer>) => ({
        ...at(part.chunks(packed), 0),
        bytes: new Uint8Array(4),
      }),
    ],
    [
      'another number of chunks',
      'wrong-length',
      (part: ScriptedPart, packed: Uint8Array<ArrayBuffer>) => ({ ...at(part.chunks(packed), 0), chunks: 3 }),
    ],
    [
      'bytes that its hash does not name',
      'wrong-hash',
      (part: ScriptedPart, packed: Uint8Array<ArrayBuffer>) => ({
        ...at(part.chunks(packed), 0),
        hash: new Uint8Array(16),
      }),
    ],
  ])(
    'UPLOAD-1: %s costs its sender the connection and its place in the sum, and nobody else anything',
    async (_, code, broken) => {
      const { everyone } = await startRun(coordinator, 5, { taskId: 'wide' });
      const parts = await trainedParts(everyone);
      await Promise.all(parts.map((part) => part.shareForRoster()));
      const breaker = at(parts, 4);
      const packed = await breaker.mask();
      await breaker.turn();
      breaker.who.send(broken(breaker, packed));
      expect(await breaker.who.next('fault')).toMatchObject({ code, closing: true });
      await breaker.who.closed;
      const left = parts.slice(0, 4);
      await Promise.all(left.map(async (part) => part.upload(await part.mask())));
      expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(left)]));
    },
  );

  it('OPEN-4: masks that do not cancel make no model', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const parts = await trainedParts(everyone);
    const before = run.record.modelHash;
    await Promise.all(parts.map((part) => part.shareForRoster()));
    // One sends noise in place of its masked vector.
    const packed = await at(parts, 0).mask();
    await at(parts, 0).upload(packed.map((byte, i) => (i === packed.length - 1 ? 0 : byte ^ 0xa5)));
    await Promise.all(parts.slice(1).map(async (part) => part.upload(await part.mask())));
    await Promise.all(parts.map((part) => part.unmask()));
    for (const who of everyone) expect(await who.next('abort')).toMatchObject({ code: 'sum-invalid' });
    expect(run.record.modelHash).toBe(before);
    await playRound(everyone);
    expect(outcomes(run)).toEqual([
      [1, 1, 'aborted', 'sum-invalid'],
      [1, 2, 'done', null],
    ]);
  });

  it('UPLOAD-5: a chunk that comes after U3 froze is discarded unread', async () => {
    const durationsMs = {
      offered: 10_000,
      training: 10_000,
      sharing: 10_000,
      masking: 500,
      confirming: 10_000,
      unmasking: 10_000,
    };
    const { everyone } = await startRun(coordinator, 5, { durationsMs });
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    const late = at(parts, 4);
    const [chunk] = late.chunks(await late.mask());
    await late.turn();
    const left = parts.slice(0, 4);
    await Promise.all(left.map(async (part) => part.upload(await part.mask())));
    await late.who.next('dismissed', late.sid);
    late.who.send(chunk ?? expect.unreachable());
    expect(hashOf(await finishParts(left))).toEqual(new Set([plainSumHash(left)]));
  });
});

describe('runs that end', () => {
  it('RUN-6: after ten aborts in a row the run has failed, and says why', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    for (let attempt = 1; attempt <= 10; attempt++)
      for (const who of everyone) {
        const part = await ScriptedPart.of(who);
        who.send({ kind: 'decline', sid: part.sidBytes, reason: 'policy' });
      }
    for (const who of everyone)
      expect(await who.next('finished')).toMatchObject({ outcome: 'failed', rounds: 0 });
    expect(run.record.endedBecause).toMatch(/Round 1 was aborted 10 times in a row/);
    expect(outcomes(run).map(([, , , code]) => code)).toEqual(
      Array.from({ length: 10 }, () => 'too-few-accepted'),
    );
  });

  it('ABORT-3: a stop in the middle of a round aborts it, and the run is over', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 5 });
    await playRound(everyone);
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    await at(parts, 0).upload(await at(parts, 0).mask());
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

  it('RUN-5: a stop between rounds or before the start ends the run at once', async () => {
    const { run, everyone } = await startRun(coordinator, 2);
    await run.stop();
    for (const who of everyone)
      expect(await who.next('finished')).toMatchObject({ outcome: 'stopped', rounds: 0 });
    expect(run.record.state).toBe('stopped');
  });

  it('a run is started once', async () => {
    const { run } = await startRun(coordinator, 2);
    expect(await run.start()).toBe(false);
  });
});
