/**
 * Real tabs learn together, and only their sum is heard. Runs on the test build, whose tabs also hand their
 * quantized updates to this file; the coordinator is the same in both.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { CHI_SQUARE_BOUND, chiSquareOfBytes } from '#shared/numeric/chi-square.ts';
import { addVector, bytesOfWords, wordsOfBytes } from '#shared/numeric/ring.ts';
import type { RoundView, RunView } from '#shared/protocol/api.ts';
import { AdminApi } from './harness/admin-api.ts';
import { buildFolder, type Build } from './harness/builds.ts';
import { expect, test } from './harness/story.ts';
import { HOOK, takePart, takePartWith, trainedUpdate } from './harness/tabs.ts';
import { messageOf, nth, uploadOf } from './harness/traffic.ts';
import { Wire } from './harness/wire.ts';

const RUN_TIMEOUT_MS = 100_000;

const doneRounds = (view: RunView): readonly RoundView[] =>
  view.rounds.filter((round) => round.outcome === 'done');
const isEvaluated = (view: RunView): boolean =>
  view.live.state === 'done' && doneRounds(view).every((round) => round.accuracy !== null);
const definite = <Value>(value: Value | null | undefined): Value => {
  if (value === null || value === undefined) throw new Error('expected a value');
  return value;
};

/** SHA-256 of the plain sum of what `tabs` trained for this round, in the clear, outside the system. */
async function plainSumHash(tabs: readonly Page[], { sid }: RoundView): Promise<string> {
  const updates = (await Promise.all(tabs.map((tab) => trainedUpdate(tab, sid)))).map(definite);
  const sum = new Uint32Array(definite(updates[0]).length);
  for (const update of updates) addVector(sum, update);
  return createHash('sha256').update(bytesOfWords(sum)).digest('hex');
}

/** a − b mod 2^32. */
const difference = (a: Uint32Array, b: Uint32Array) => a.map((word, i) => word - (b[i] as number));
const chiSquareOf = (words: Uint32Array) => chiSquareOfBytes(bytesOfWords(words));

test('five tabs learn, one is closed while others train: each opened sum is the plain sum, and the wire shows noise', async ({
  context,
  startCoordinator,
}) => {
  const coordinator = await startCoordinator({ build: 'test' });
  const admin = await AdminApi.signIn(coordinator.origin, coordinator.token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 5, rounds: 3 });
  const wire = await Wire.to(coordinator.port);
  const watched = await takePart(context, wire.origin + joinPath);
  const staying = [watched, ...(await takePartWith(context, coordinator.origin + joinPath, 3))];
  const leaving = await takePart(context, coordinator.origin + joinPath);
  const whole = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 5);
  expect(whole.live.state).toBe('waiting');

  // The second round cannot freeze its roster before the watched tab's key is let through.
  const held = wire.hold(nth(2, 'advertise'));
  await admin.start(run.id);
  await held;
  const [first] = (await admin.until(run.id, RUN_TIMEOUT_MS, (view) => doneRounds(view).length === 1)).rounds;
  const firstHash = await plainSumHash([...staying, leaving], definite(first));
  await leaving.close();
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 4);
  wire.release();
  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, isEvaluated);

  const rounds = doneRounds(ended);
  expect(rounds.map(({ round, attempt, participants }) => ({ round, attempt, participants }))).toEqual([
    { round: 1, attempt: 1, participants: 5 },
    { round: 2, attempt: 1, participants: 4 },
    { round: 3, attempt: 1, participants: 4 },
  ]);
  expect(rounds[0]?.sumHash).toBe(firstHash);
  for (const round of rounds.slice(1)) expect(round.sumHash).toBe(await plainSumHash(staying, round));

  const accuracies = [definite(ended.initial).accuracy, ...rounds.map((round) => definite(round.accuracy))];
  expect(accuracies[0]).toBeLessThan(0.3);
  expect(accuracies[1]).toBeGreaterThan(0.85);
  expect(accuracies[3]).toBeGreaterThan(definite(accuracies[1]));
  for (const tab of staying) await expect(tab.getByText('All rounds are done.')).toBeVisible();

  await test.step('the wire of one tab', async () => {
    const masks: Uint32Array[] = [];
    for (const round of rounds) {
      const update = definite(await trainedUpdate(watched, round.sid));
      const upload = wordsOfBytes(uploadOf(wire.sent, round.sid));
      expect(upload.length).toBe(run.parameters + 1);
      expect(chiSquareOf(update), 'the update itself is far from uniform').toBeGreaterThan(
        100 * CHI_SQUARE_BOUND,
      );
      expect(chiSquareOf(upload)).toBeLessThan(CHI_SQUARE_BOUND);
      masks.push(difference(upload, update));
    }
    for (const mask of masks) expect(chiSquareOf(mask)).toBeLessThan(CHI_SQUARE_BOUND);
    // What two uploads of one and the same vector would differ by.
    const [one, two, three] = masks.map(definite);
    expect(chiSquareOf(difference(definite(one), definite(two)))).toBeLessThan(CHI_SQUARE_BOUND);
    expect(chiSquareOf(difference(definite(two), definite(three)))).toBeLessThan(CHI_SQUARE_BOUND);

    const others = wire.sent.filter((frame) => messageOf(frame).kind !== 'masked');
    const otherBytes = others.reduce((sum, frame) => sum + frame.length, 0);
    expect(otherBytes, 'nothing else that it sent has room for an update').toBeLessThan(run.parameters / 8);
  });
  await wire.close();
});

test('a tab is lost while it uploads: the attempt is aborted unopened, and the next trains again without it', async ({
  context,
  startCoordinator,
}) => {
  const coordinator = await startCoordinator({ build: 'test' });
  const admin = await AdminApi.signIn(coordinator.origin, coordinator.token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 4, rounds: 1 });
  const wire = await Wire.to(coordinator.port);
  const lost = await takePart(context, wire.origin + joinPath);
  const staying = await takePartWith(context, coordinator.origin + joinPath, 3);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 4);

  // Its upload is on the way, and is cut off behind the first chunk.
  const held = wire.hold(nth(2, 'masked'));
  await admin.start(run.id);
  await held;
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.cohort.uploaded === 3);
  await lost.close();
  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, isEvaluated);

  const [aborted, done] = ended.rounds.map(definite);
  expect(aborted).toMatchObject({ round: 1, attempt: 1, outcome: 'aborted', abortCode: 'upload-missing' });
  expect(aborted).toMatchObject({ sumHash: null, modelHash: null });
  expect(done).toMatchObject({ round: 1, attempt: 2, outcome: 'done', participants: 3 });
  expect(ended.rounds).toHaveLength(2);
  expect(done?.sumHash).toBe(await plainSumHash(staying, definite(done)));
  for (const tab of staying) {
    const before = definite(await trainedUpdate(tab, definite(aborted).sid));
    const after = definite(await trainedUpdate(tab, definite(done).sid));
    expect(Buffer.from(after.buffer).equals(Buffer.from(before.buffer)), 'trained anew').toBe(false);
    await expect(tab.getByText('All rounds are done.')).toBeVisible();
  }
  await wire.close();
});

/** Files of a build that name the hook. */
function filesNamingTheHook(build: Build): string[] {
  const folder = buildFolder(build);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(js|html|css|json|map)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file, 'utf8').includes(HOOK));
}

test('the product does not contain the hook that these stories read updates through', () => {
  expect(filesNamingTheHook('product')).toEqual([]);
  expect(filesNamingTheHook('test')).not.toEqual([]);
});
