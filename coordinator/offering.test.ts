import { describe, expect, it } from 'vitest';
import { bytesToHex } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import { seededRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import type { LocalTraining } from '#shared/tasks/task.ts';
import { composeOffering } from './offering.ts';
import { runRecord } from './store/contract.ts';
import { tinyTask } from './testing/tiny-coordinator.ts';

const INVITED = ['a', 'b', 'c'].map((label) => bytesToHex(seededRandom(label)(32)) as ParticipantId);

async function offered(round: number, training: LocalTraining) {
  const record = runRecord('run-aaaaaaaaaaaa', { task: { ...tinyTask, training } });
  const signer = nobleSigner(seededRandom('coordinator')(32));
  const { offer } = await composeOffering(
    record,
    { round, attempt: 1 },
    { invited: INVITED, privacy: null },
    signer,
  );
  return offer.training;
}

describe('the training that is offered', () => {
  it('is the task’s, at the rate that its schedule has in that round', async () => {
    const { schedule: _, ...plain } = tinyTask.training;
    const schedule = { kind: 'step', everyRounds: 2, factor: 0.5 } as const;
    expect(await offered(2, { ...plain, schedule })).toEqual(plain);
    expect(await offered(5, { ...plain, schedule })).toEqual({
      ...plain,
      learningRate: plain.learningRate / 4,
    });
  });
});
