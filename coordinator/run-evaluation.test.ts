/** Evaluation runs beside the rounds: it delays none, and where it fails the run goes on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdminRunEvent } from '#shared/protocol/api.ts';
import type { Run } from './run.ts';
import { ScriptedParticipant } from './testing/scripted-participant.ts';
import { playRound } from './testing/scripted-round.ts';
import { seen, startTinyCoordinator, tinyRun, type TinyCoordinator } from './testing/tiny-coordinator.ts';

let folder: string;
let coordinator: TinyCoordinator;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-evaluation-'));
});
afterEach(async () => {
  await coordinator.close();
  rmSync(folder, { recursive: true });
});

async function joined({ record }: Run): Promise<ScriptedParticipant[]> {
  const invitation = { port: coordinator.port, run: record.id, invitation: record.invitation };
  return Promise.all([1, 2, 3].map(() => new ScriptedParticipant(invitation).join()));
}

describe('evaluation', () => {
  it('keeps no round waiting: two rounds are done though no model can be evaluated', async () => {
    coordinator = await startTinyCoordinator({ demoFolder: join(folder, 'nothing') });
    const run = await coordinator.createRun(tinyRun({ rounds: 2 }));
    const everyone = await joined(run);
    await run.start();
    await playRound(everyone);
    await playRound(everyone);
    for (const who of everyone)
      expect(await who.next('finished')).toMatchObject({ outcome: 'done', rounds: 2 });
    expect(run.view().rounds.map(({ accuracy }) => accuracy)).toEqual([null, null]);
  });

  it('is of the model that its round made, and told when it is known', async () => {
    coordinator = await startTinyCoordinator();
    const run = await coordinator.createRun(tinyRun());
    const events: AdminRunEvent[] = [];
    run.feed.subscribe((event) => events.push(event));
    const everyone = await joined(run);
    await run.start();
    await playRound(everyone);
    await seen(run, () => run.view().rounds[0]?.accuracy !== null && run.view().rounds.length === 1);
    const rounds = events.flatMap((event) => (event.kind === 'round' ? [event] : []));
    expect(rounds.map(({ round }) => [round.round, round.accuracy === null])).toEqual([
      [1, true],
      [1, false],
    ]);
    expect(rounds.at(-1)?.modelHash).toBe(run.record.modelHash);
  });

  it('that fails is a line in the log and a missing number; a restart that can do it makes up for it', async () => {
    const nothing = join(folder, 'nothing');
    coordinator = await startTinyCoordinator({ dataFolder: folder, demoFolder: nothing });
    const run = await coordinator.createRun(tinyRun());
    const everyone = await joined(run);
    await run.start();
    await playRound(everyone);
    for (const who of everyone) expect(await who.next('finished')).toMatchObject({ outcome: 'done' });
    const failed = "The model of round 1 could not be evaluated; the coordinator's own log says why.";
    await seen(run, () => run.view().log.some(({ text }) => text === failed));
    expect(run.view().rounds[0]).toMatchObject({ outcome: 'done', accuracy: null, loss: null });
    await coordinator.close();

    coordinator = await startTinyCoordinator({ dataFolder: folder });
    const response = await fetch(`${coordinator.origin}/api/runs/${run.record.id}/events`);
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (/"kind":"round".*"accuracy":[01.]/.test(text) || /"kind":"snapshot".*"accuracy":[01.]/.test(text))
        break;
    }
    expect(text).toMatch(/"accuracy":[01]/);
  });
});
