/**
 * Real tabs learn together, and only their sum is heard. Runs on the test build, whose tabs also hand their
 * quantized updates to this file; the coordinator is the same in both.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { CHI_SQUARE_BOUND, chiSquareOfBytes } from '#shared/numeric/chi-square.ts';
import { packLanes, unpackLanes } from '#shared/numeric/pack.ts';
import { laneBits } from '#shared/numeric/quantize.ts';
import { addVector, bytesOfWords } from '#shared/numeric/ring.ts';
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

/** W of a run whose offers go to `invited`. */
const laneBitsFor = (run: RunView, invited: number) => laneBits({ ...run.task.quantization, invited });

/** SHA-256 of the plain sum of what `tabs` trained for this round, in the clear, outside the system. */
async function plainSumHash(
  tabs: readonly Page[],
  run: RunView,
  { sid, invited }: RoundView,
): Promise<string> {
  const updates = (await Promise.all(tabs.map((tab) => trainedUpdate(tab, sid)))).map(definite);
  const sum = new Uint32Array(definite(updates[0]).length);
  for (const update of updates) addVector(sum, update);
  const spare = 32 - laneBitsFor(run, invited);
  const lanes = sum.map((word) => (word << spare) >>> spare);
  return createHash('sha256').update(bytesOfWords(lanes)).digest('hex');
}

/** a − b mod 2^W, as packed bytes. */
const difference = (a: Uint32Array, b: Uint32Array, bits: number) =>
  packLanes(
    a.map((word, i) => word - (b[i] as number)),
    bits,
  );

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
  const firstHash = await plainSumHash([...staying, leaving], run, definite(first));
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
  for (const round of rounds.slice(1)) expect(round.sumHash).toBe(await plainSumHash(staying, run, round));

  const accuracies = [definite(ended.initial).accuracy, ...rounds.map((round) => definite(round.accuracy))];
  expect(accuracies[0]).toBeLessThan(0.3);
  expect(accuracies[1]).toBeGreaterThan(0.85);
  expect(accuracies[3]).toBeGreaterThan(definite(accuracies[1]));
  for (const tab of staying) await expect(tab.getByText('All rounds are done.')).toBeVisible();

  await test.step('the wire of one tab', async () => {
    const lanes: { upload: Uint32Array; update: Uint32Array; bits: number }[] = [];
    for (const round of rounds) {
      const update = definite(await trainedUpdate(watched, round.sid));
      const packed = uploadOf(wire.sent, round.sid);
      const bits = laneBitsFor(run, round.invited);
      expect(packed.length).toBe(Math.ceil(((run.parameters + 1) * bits) / 8));
      const upload = unpackLanes(packed, bits, run.parameters + 1);
      if (!upload.ok) throw new Error(upload.fault.code);
      expect(
        chiSquareOfBytes(packLanes(update, bits)),
        'the update itself is far from uniform',
      ).toBeGreaterThan(100 * CHI_SQUARE_BOUND);
      expect(chiSquareOfBytes(packed)).toBeLessThan(CHI_SQUARE_BOUND);
      expect(chiSquareOfBytes(difference(upload.value, update, bits))).toBeLessThan(CHI_SQUARE_BOUND);
      lanes.push({ upload: upload.value, update, bits });
    }
    // What two uploads of one and the same vector would differ by.
    for (const [one, two] of [
      [lanes[0], lanes[1]],
      [lanes[1], lanes[2]],
    ]) {
      const [a, b] = [definite(one), definite(two)];
      const masks = [a, b].map(({ upload, update }) => upload.map((word, i) => word - (update[i] as number)));
      const bits = Math.min(a.bits, b.bits);
      expect(chiSquareOfBytes(difference(definite(masks[0]), definite(masks[1]), bits))).toBeLessThan(
        CHI_SQUARE_BOUND,
      );
    }

    const others = wire.sent.filter((frame) => messageOf(frame).kind !== 'masked');
    const otherBytes = others.reduce((sum, frame) => sum + frame.length, 0);
    expect(otherBytes, 'nothing else that it sent has room for an update').toBeLessThan(run.parameters / 8);
  });
  await wire.close();
});

test('twelve tabs, three are killed in three phases: the sum of the other nine is exact, and goes from tab to tab', async ({
  context,
  startCoordinator,
}) => {
  const coordinator = await startCoordinator({ build: 'test' });
  const admin = await AdminApi.signIn(coordinator.origin, coordinator.token);
  const { run, joinPath } = await admin.createRun({
    taskId: 'mnist',
    clients: 12,
    rounds: 1,
    dropoutPerMille: 200,
  });
  const wires = await Promise.all([0, 1, 2].map(() => Wire.to(coordinator.port)));
  const [training, sharing, uploading] = wires.map(definite);
  // One trains and never says so; one has the roster and never says whose shares it holds; one uploads a chunk.
  const stops = [
    definite(training).hold(nth(1, 'advertise')),
    definite(sharing).hold(nth(1, 'shared')),
    definite(uploading).hold(nth(2, 'masked')),
  ];
  const killed = await Promise.all(wires.map((wire) => takePart(context, wire.origin + joinPath)));
  const staying = await takePartWith(context, coordinator.origin + joinPath, 9);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 12);
  await admin.start(run.id);
  for (const [i, stop] of stops.entries()) {
    await stop;
    await definite(killed[i]).close();
  }
  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');

  expect(ended.rounds).toHaveLength(1);
  const round = definite(ended.rounds[0]);
  expect(round).toMatchObject({ outcome: 'done', invited: 12, participants: 9, dropped: 3 });
  expect(round.sumHash).toBe(await plainSumHash(staying, run, round));
  // 36 pairs of those who stayed, and those with the ones that were lost after the roster.
  expect(round.pairsDirect).toBeGreaterThanOrEqual(36);
  test.info().annotations.push({
    type: 'pairs',
    description: `${round.pairsDirect} direct, ${round.pairsRelayed} relayed`,
  });
  for (const tab of staying) await expect(tab.getByText('All rounds are done.')).toBeVisible();
  await Promise.all(wires.map((wire) => wire.close()));
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
