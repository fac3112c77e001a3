/** kill −9 in the middle of a round, as a process: the run goes on where it was. The real task, real sockets. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdminRunView, RoundView, RunView } from '#shared/protocol/api.ts';
import { modelHashOf } from '#shared/tasks/parameters.ts';
import { ScriptedParticipant } from './testing/scripted-participant.ts';
import { playRound, plainSumHash, trainedParts } from './testing/scripted-round.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

let folder: string;
let running: ChildProcess | null = null;

/** On the test's data folder; resolves when it is up, with the admin token where it prints one. */
async function start(): Promise<{ port: number; token: string | null }> {
  const args = ['--port', '0', '--data', join(folder, 'data'), '--pages', join(folder, 'pages')];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  running = child;
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  while (!/Only this machine/.test(printed)) await once(child.stdout, 'data');
  return {
    port: Number(/localhost:(\d+)/.exec(printed)?.[1]),
    token: /\/admin#(\S+)/.exec(printed)?.[1] ?? null,
  };
}

async function kill(): Promise<void> {
  const child = running;
  running = null;
  if (child === null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const post = (port: number, path: string, cookie: string, body: object) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie },
    body: JSON.stringify(body),
  });

async function viewOf(port: number, run: string): Promise<RunView> {
  return (await (await fetch(`http://127.0.0.1:${port}/api/runs/${run}`)).json()) as RunView;
}

const outcome = ({ round, attempt, outcome: how, abortCode, participants }: RoundView) => [
  round,
  attempt,
  how,
  abortCode,
  participants,
];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-restart-'));
  mkdirSync(join(folder, 'pages'));
  writeFileSync(join(folder, 'pages', 'index.html'), '<!doctype html><title>Chorale</title>');
});
afterEach(async () => {
  await kill();
  rmSync(folder, { recursive: true });
});

describe('kill −9', { timeout: 120_000 }, () => {
  it('ABORT-3, JOIN-5: what was open is aborted, what was done stays, and the run goes on at the same round', async () => {
    const first = await start();
    const signedIn = await post(first.port, '/api/session', '', { token: first.token });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const settings = { taskId: 'mnist', clients: 3, rounds: 2 };
    const created = (await (await post(first.port, '/api/runs', cookie, settings)).json()) as AdminRunView;
    const { run, joinPath } = created;
    const invitation = joinPath?.split('#')[1] ?? '';

    const before = [0, 1, 2].map(
      () => new ScriptedParticipant({ port: first.port, run: run.id, invitation }),
    );
    for (const participant of before) await participant.join();
    expect((await post(first.port, `/api/runs/${run.id}/start`, cookie, {})).status).toBe(204);
    const roundOne = await playRound(before);

    // In round 2 two uploads are complete and the third is on its way.
    const cutOff = await trainedParts(before);
    await Promise.all(cutOff.map((part) => part.shareForRoster()));
    await Promise.all(
      cutOff.map(async (part, i) => {
        const chunks = part.chunks(await part.mask());
        await part.turn();
        for (const chunk of chunks.slice(0, i === 2 ? 1 : undefined)) part.who.send(chunk);
      }),
    );
    await kill();
    await Promise.all(before.map((participant) => participant.closed));

    const second = await start();
    expect(second.token).toBeNull();
    const restarted = await viewOf(second.port, run.id);
    expect(restarted.rounds.map(outcome)).toEqual([
      [1, 1, 'done', null, 3],
      [2, 1, 'aborted', 'coordinator-restarted', 0],
    ]);
    expect(restarted.live.state).toBe('running');
    expect(restarted.modelHash).toBe(restarted.rounds[0]?.modelHash);
    expect(restarted.rounds[0]?.sumHash).toBe(roundOne.plainSumHash);
    expect(restarted.log.at(-1)?.text).toBe('The coordinator was restarted; round 2, attempt 1 was aborted.');

    // The same participants, with the shards they hold.
    const after = before.map(
      ({ secretKey }) => new ScriptedParticipant({ port: second.port, run: run.id, invitation }, secretKey),
    );
    for (const [i, participant] of after.entries()) {
      const shard = (before[i] as ScriptedParticipant).welcome.shard;
      await participant.join({ shard });
      expect(participant.welcome.shard).toEqual(shard);
      expect(participant.coordinatorKey).toEqual(before[i]?.coordinatorKey);
    }
    const again = await playRound(after);
    expect(again.parts[0]?.offer).toMatchObject({ round: 2, attempt: 2 });
    expect(again.parts[0]?.sid).not.toBe(cutOff[0]?.sid);
    await Promise.all(after.map((participant) => participant.next('finished')));
    const done = await viewOf(second.port, run.id);
    expect(done.rounds.map(outcome).at(-1)).toEqual([2, 2, 'done', null, 3]);
    expect(done.rounds.at(-1)?.sumHash).toBe(plainSumHash(again.parts));
    expect(done.live.state).toBe('done');

    // Models are still there by their hashes, the session still holds, and so does the token.
    for (const { modelHash } of done.rounds.filter((round) => round.outcome === 'done')) {
      const model = await fetch(`http://127.0.0.1:${second.port}/api/models/${modelHash}`);
      expect(modelHashOf(new Uint8Array(await model.arrayBuffer()))).toBe(modelHash);
    }
    expect((await post(second.port, '/api/runs', cookie, settings)).status).toBe(201);
    expect((await post(second.port, '/api/session', '', { token: first.token })).status).toBe(204);
  });
});
