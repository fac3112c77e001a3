/** Runs with their scripted participants. */
import { expect } from 'vitest';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Run } from '../run.ts';
import { ScriptedParticipant } from './scripted-participant.ts';
import { tinyRun, type TinyCoordinator } from './tiny-coordinator.ts';

/** A participant in the waiting room. */
/** With the identity of `secretKey`, a fresh one by default. */
export const join = ({ port }: TinyCoordinator, { record }: Run, secretKey?: Uint8Array) =>
  new ScriptedParticipant({ port, run: record.id, invitation: record.invitation }, secretKey).join();

/** A run that was started, with `count` participants. */
export async function startRun(
  coordinator: TinyCoordinator,
  count: number,
  changes: Partial<RunSettingsInput> = {},
): Promise<{ run: Run; everyone: ScriptedParticipant[] }> {
  const run = await coordinator.createRun(tinyRun({ clients: Math.max(3, count), ...changes }));
  const everyone = await Promise.all(Array.from({ length: count }, () => join(coordinator, run)));
  await run.start();
  return { run, everyone };
}

export const outcomes = (run: Run) =>
  run.view().rounds.map(({ round, attempt, outcome, abortCode }) => [round, attempt, outcome, abortCode]);

export const at = <T>(list: readonly T[], index: number): T => list[index] ?? expect.unreachable();
