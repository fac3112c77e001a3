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
  const invitation = { port: coordinator.port, run: record.id, secret: record.invitation };
  return Promise.all([1, 2, 3].map(() => new ScriptedParticipant(invitation).join()));
}

describe('evaluation', () => {
  it('keeps no round waiting: the next is offered before the last model’s numbers are there', async () => {
    coordinator = await startTinyCoordinator();
    const run = await coordinator.createRun(tinyRun({ rounds: 2 }));
    const events: AdminRunEvent[] = [];
    run.feed.subscribe((event) => events.push(event));
    const everyone = await joined(run);
    await run.start();
    await playRound(everyone);
    await playRound(everyone);
    await seen(
      run,
      () => run.view().rounds.length === 2 && run.view().rounds.every((r) => r.accuracy !== null),
    );
    const offered = events.findIndex(
      (event) => event.kind === 'log' && event.entry.text.startsWith('Round 2: offered'),
    );
    const evaluated = events.findIndex((event) => event.kind === 'round' && event.round.accuracy !== null);
    expect(offered).toBeGreaterThan(0);
    expect(evaluated).toBeGreaterThan(offered);
    expect(events[evaluated]).toMatchObject({ round: { round: 1 }, modelHash: run.record.modelHash });
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
