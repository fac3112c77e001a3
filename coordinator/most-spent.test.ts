/** The ε on a run's page is that of the participant that has spent most, whichever joined first, also after a restart. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { ModelHash, ParticipantId, RunId, Sid } from '#shared/base/ids.ts';
import { epsilonOfEntries } from '#shared/privacy/ledger.ts';
import { runSettings } from '#shared/tasks/run.ts';
import { RunPrivacy } from './run-privacy.ts';
import { openSqliteLedger } from './store/ledger-sqlite.ts';
import type { RunRecord } from './store/port.ts';
import { tinyRun, tinyTask } from './testing/tiny-coordinator.ts';

const DELTA = 1e-5;
const privacy = { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: DELTA } as const;
const record: RunRecord = {
  id: 'AAAAAAAAAAAAAAAA' as RunId,
  createdAt: new Date(0).toISOString(),
  task: tinyTask,
  settings: v.parse(runSettings, tinyRun({ clients: 5, rounds: 6, privacy })),
  invitation: '',
  state: 'running',
  endedBecause: null,
  modelHash: '0'.repeat(64) as ModelHash,
  initial: null,
};
const clientOf = (digit: string) => digit.repeat(64) as ParticipantId;
const sidOf = (digit: string) => digit.repeat(64) as Sid;

describe('what a run says that was spent', () => {
  it('is the most of any participant, as it happens and found again', async () => {
    const ledger = openSqliteLedger(':memory:');
    const running = await RunPrivacy.open(record, ledger);
    // The first has spent once, the second three times, the last twice.
    for (const [sid, clients] of [
      ['1', ['a', 'b']],
      ['2', ['b', 'c']],
      ['3', ['b', 'c']],
    ] as const)
      await running.commit(sidOf(sid), clients.map(clientOf));
    const entries = await ledger.entriesOf(record.id, clientOf('b'));
    expect(entries).toHaveLength(3);
    for (const of of [running, await RunPrivacy.open(record, ledger)]) {
      const { roundsSpent, spentEpsilon } = of.view();
      expect(roundsSpent).toBe(3);
      expect(spentEpsilon).toBe(epsilonOfEntries(entries, DELTA));
    }
    await ledger.close();
  });
});
