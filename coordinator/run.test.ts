/** Whole runs: three or more scripted participants over real sockets, real codec, keys, shares and masks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesToHex } from '#shared/base/bytes.ts';
import {
  finishParts,
  plainSumHash,
  playRound,
  ScriptedPart,
  trainedParts,
} from './testing/scripted-round.ts';
import { at, join, outcomes, startRun } from './testing/started-run.ts';
import { seen, startTinyCoordinator, type TinyCoordinator } from './testing/tiny-coordinator.ts';

let coordinator: TinyCoordinator;
beforeAll(async () => {
  coordinator = await startTinyCoordinator();
});
afterAll(() => coordinator.close());

describe('whole rounds', () => {
  it('OPEN-3: the sum that is opened is the plain sum of the updates', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const { results, plainSumHash: plain } = await playRound(everyone);
    for (const { sumHash, survivors } of results) {
      expect(bytesToHex(sumHash)).toBe(plain);
      expect(survivors).toBe(3);
    }
    expect(run.view().rounds[0]).toMatchObject({
      outcome: 'done',
      sumHash: plain,
      participants: 3,
      pairsDirect: 0,
      pairsRelayed: 3,
      epsilon: null,
    });
  });

  it('RUN-5: rounds follow one another, each from the model of the one before, and then the run is done', async () => {
    const { run, everyone } = await startRun(coordinator, 4, { rounds: 3 });
    const models: string[] = [run.record.modelHash];
    for (let round = 1; round <= 3; round++) {
      const { parts, results, plainSumHash: plain } = await playRound(everyone);
      expect(bytesToHex(at(parts, 0).offer.modelHash)).toBe(models.at(-1));
      expect(bytesToHex(at(results, 0).sumHash)).toBe(plain);
      models.push(bytesToHex(at(results, 0).modelHash));
    }
    for (const who of everyone)
      expect(await who.next('finished')).toMatchObject({ outcome: 'done', rounds: 3 });
    expect(new Set(models).size).toBe(4);
    expect(run.record).toMatchObject({ state: 'done', modelHash: models.at(-1), endedBecause: null });
  });

  it('OUTCOME-1: the model is served under its hash by the time the result is told', async () => {
    const { everyone } = await startRun(coordinator, 3);
    const { results } = await playRound(everyone);
    const model = await fetch(`${coordinator.origin}/api/models/${bytesToHex(at(results, 0).modelHash)}`);
    expect(model.status).toBe(200);
    expect((await model.arrayBuffer()).byteLength).toBe(40);
  });

  it('UPLOAD-2: uploads of several chunks that come mixed are each added whole', async () => {
    const { everyone } = await startRun(coordinator, 3, { taskId: 'wide' });
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    const chunks = await Promise.all(parts.map(async (part) => part.chunks(await part.mask())));
    expect(chunks.map((list) => list.length)).toEqual([2, 2, 2]);
    for (const part of parts) await part.turn();
    for (const index of [0, 1]) parts.forEach(({ who }, i) => who.send(at(at(chunks, i), index)));
    const [result] = await finishParts(parts);
    expect(bytesToHex(result?.sumHash ?? new Uint8Array())).toBe(plainSumHash(parts));
  });

  it('every round is evaluated on the test set, and so is the model it began with', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    await playRound(everyone);
    await seen(run, () => run.view().initial !== null && run.view().rounds[0]?.accuracy !== null);
    const { initial, rounds } = run.view();
    for (const { accuracy, loss } of [initial ?? { accuracy: -1, loss: -1 }, at(rounds, 0)]) {
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(1);
      expect(loss).toBeGreaterThan(0);
    }
  });

  it('several runs go on side by side in one coordinator', async () => {
    const [one, two] = [await startRun(coordinator, 3), await startRun(coordinator, 3)];
    const [first, second] = await Promise.all([playRound(one.everyone), playRound(two.everyone)]);
    expect(one.run.view().rounds[0]?.sumHash).toBe(first.plainSumHash);
    expect(two.run.view().rounds[0]?.sumHash).toBe(second.plainSumHash);
    const third = await startRun(coordinator, 3);
    await playRound(third.everyone);
    expect(outcomes(third.run)).toEqual([[1, 1, 'done', null]]);
  });
});

describe('who takes part', () => {
  it('RUN-2: two never start; the offer goes out with the third', async () => {
    const { run, everyone } = await startRun(coordinator, 2);
    expect(run.view().live).toMatchObject({
      state: 'running',
      here: 2,
      needed: 3,
      phase: 'gathering',
      round: null,
    });
    const third = await join(coordinator, run);
    const parts = await Promise.all([...everyone, third].map((who) => ScriptedPart.of(who)));
    expect(at(parts, 0).offer.invited).toBe(3);
    for (const who of everyone) expect(who.heard.filter((kind) => kind === 'offer')).toHaveLength(1);
  });

  it('RUN-4: one that comes late takes part in the next round, not in the one that is under way', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 2 });
    const parts = await trainedParts(everyone);
    const late = await join(coordinator, run);
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    await finishParts(parts);
    const { results } = await playRound([...everyone, late]);
    expect(at(results, 0).survivors).toBe(4);
    expect(run.view().rounds.map(({ invited }) => invited)).toEqual([3, 4]);
    expect(late.heard.filter((kind) => kind === 'offer')).toHaveLength(1);
  });

  it('TRAIN-3: one that sends a second advertise is told, and the round goes on without it', async () => {
    const { everyone } = await startRun(coordinator, 4);
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    for (const part of parts) part.accept();
    await at(parts, 3).advertise();
    await at(parts, 3).advertise({ commitment: new Uint8Array(32).fill(9) });
    expect(await at(everyone, 3).next('fault')).toMatchObject({ code: 'second-key', closing: false });
    const left = parts.slice(0, 3);
    for (const part of left) await part.advertise();
    await Promise.all(left.map((part) => part.uploadForRoster()));
    expect(at(await finishParts(left), 0).survivors).toBe(3);
  });

  it('TRAIN-3: an advertise in somebody else’s name, or signed by somebody else, counts for nothing', async () => {
    const { everyone } = await startRun(coordinator, 4);
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    for (const part of parts) part.accept();
    const forger = at(parts, 3);
    forger.who.send(await at(parts, 0).signedAdvertise());
    expect(await forger.who.next('fault')).toMatchObject({ code: 'bad-signature', closing: false });
    forger.who.send({ ...(await forger.signedAdvertise()), commitment: new Uint8Array(32) });
    expect(await forger.who.next('fault')).toMatchObject({ code: 'bad-signature', closing: false });
    await Promise.all(parts.map((part) => part.advertise()));
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    expect(at(await finishParts(parts), 0).survivors).toBe(4);
  });
});

describe('an advertise before its time', () => {
  it('TRAIN-3: is refused, and what is sent in its time is what the neighbours get', async () => {
    const { everyone } = await startRun(coordinator, 3);
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    const hasty = at(parts, 0);
    await hasty.advertise({ commitment: new Uint8Array(32).fill(9) });
    expect(await hasty.who.next('fault')).toMatchObject({ code: 'wrong-phase' });
    for (const part of parts) part.accept();
    for (const part of parts) await part.advertise();
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    expect(at(await finishParts(parts), 0).survivors).toBe(3);
  });
});

describe('what the admin sees', () => {
  it('is each participant’s state and nothing of its update', async () => {
    const { run, everyone } = await startRun(coordinator, 3);
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    for (const part of parts) part.accept();
    at(everyone, 0).send({ kind: 'progress', sid: Buffer.from(at(parts, 0).sid, 'hex'), percent: 60 });
    await seen(run, () => run.view().live.progressPercent === 20 && run.view().live.cohort.training === 3);
    const statuses = () => run.adminView().participants.map(({ status }) => status);
    expect(statuses()).toEqual(['training', 'training', 'training']);
    for (const part of parts) await part.advertise();
    await Promise.all(parts.map((part) => part.shareForRoster()));
    await at(parts, 1).upload(await at(parts, 1).mask());
    await seen(run, () => run.view().live.cohort.uploaded === 1);
    expect(statuses().toSorted()).toEqual(['trained', 'trained', 'uploaded']);
    expect(run.view().live).toMatchObject({ phase: 'masking', round: 1, attempt: 1, progressPercent: 100 });
  });
});
