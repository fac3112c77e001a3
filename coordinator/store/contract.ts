/** What every store keeps to (store/port.ts); a store's test runs it on each of its kinds. */
import { describe, expect, it } from 'vitest';
import type { ModelHash, RunId, Sid } from '#shared/base/ids.ts';
import type { RoundView } from '#shared/protocol/api.ts';
import type { Evaluation } from '#shared/tasks/evaluation.ts';
import { mnistTask } from '#shared/tasks/mnist.ts';
import { runSettings } from '#shared/tasks/run.ts';
import * as v from 'valibot';
import type { RunRecord, Store, UploadedModel } from './port.ts';

// Hashes and sids of these tests are told apart by one digit.
export const hashOf = (digit: string) => digit.repeat(64) as ModelHash;
export const sidOf = (digit: string) => digit.repeat(64) as Sid;

export const runRecord = (id: string, changes: Partial<RunRecord> = {}): RunRecord => ({
  id: id as RunId,
  createdAt: '2026-01-02T03:04:05.678Z',
  task: mnistTask,
  settings: v.parse(runSettings, { taskId: 'mnist', clients: 4, rounds: 5, seed: 9 }),
  invitation: 'AAAAAAAAAAAAAAAAAAAAAA',
  state: 'waiting',
  endedBecause: null,
  modelHash: hashOf('a'),
  initial: null,
  ...changes,
});

export const roundView = (sid: Sid, changes: Partial<RoundView> = {}): RoundView => ({
  round: 1,
  attempt: 1,
  sid,
  outcome: 'done',
  abortCode: null,
  invited: 4,
  declined: 1,
  dropped: 0,
  participants: 3,
  accuracy: null,
  loss: null,
  detail: null,
  pairsDirect: 3,
  pairsRelayed: 0,
  epsilon: null,
  bytesPerTab: 1_234,
  seconds: 1.5,
  modelHash: hashOf('b'),
  sumHash: 'c'.repeat(64),
  endedAt: '2026-01-02T03:05:00.000Z',
  ...changes,
});

const abortedView = (sid: Sid, changes: Partial<RoundView> = {}): RoundView =>
  roundView(sid, {
    outcome: 'aborted',
    abortCode: 'too-few-uploaded',
    participants: 0,
    modelHash: null,
    sumHash: null,
    ...changes,
  });

const RUN = runRecord('run-aaaaaaaaaaaa');
const EVALUATION: Evaluation = {
  accuracy: 0.9,
  loss: 0.25,
  detail: {
    classes: [
      { examples: 6, predicted: 7, right: 6 },
      { examples: 4, predicted: 3, right: 3 },
    ],
    confusion: { label: 1, predicted: 0, count: 1 },
    auc: 0.96,
  },
};
const OTHER = runRecord('run-bbbbbbbbbbbb', { modelHash: hashOf('d'), initial: EVALUATION });
const EXTENDED = { ...RUN.settings, rounds: 9, earlier: [{ rounds: 5, caps: null }] };
const ENTRY = { at: '2026-01-02T04:00:00.000Z', text: 'Extended.' };
const SID = sidOf('1');
const INITIAL = Uint8Array.of(1, 2, 3, 4);
const NEXT = Uint8Array.of(5, 6, 7, 8);

const begun = (sid = SID, attempt = 1) => ({ run: RUN.id, round: 1, attempt, sid, invited: 4 });

/** `open` gives an empty store; the suite closes it. */
export function storeContract(open: () => Store): void {
  const withStore = (test: (store: Store) => Promise<void>) => async () => {
    const store = open();
    try {
      await test(store);
    } finally {
      await store.close();
    }
  };

  describe('who may administer', () => {
    it(
      'has no token, key or session at first',
      withStore(async (store) => {
        expect(await store.adminTokenHash()).toBeNull();
        expect(await store.coordinatorKey()).toBeNull();
        expect(await store.sessionExpiry('hash')).toBeNull();
      }),
    );

    it(
      'keeps sessions until they are removed, and a new token ends all of them',
      withStore(async (store) => {
        await store.setAdminTokenHash('one');
        for (const hash of ['x', 'y', 'z']) await store.addSession(hash, 1_800_000_000_000);
        await store.removeSession('x');
        expect(await store.sessionExpiry('x')).toBeNull();
        expect(await store.sessionExpiry('y')).toBe(1_800_000_000_000);
        await store.setAdminTokenHash('two');
        expect(await store.adminTokenHash()).toBe('two');
        expect([await store.sessionExpiry('y'), await store.sessionExpiry('z')]).toEqual([null, null]);
      }),
    );

    it(
      'forgets the sessions that have expired, and those alone',
      withStore(async (store) => {
        await store.addSession('old', 1_000);
        await store.addSession('now', 2_000);
        await store.addSession('new', 2_001);
        await store.removeExpiredSessions(2_000);
        const expiries = [];
        for (const hash of ['old', 'now', 'new']) expiries.push(await store.sessionExpiry(hash));
        expect(expiries).toEqual([null, null, 2_001]);
      }),
    );

    it(
      'gives the coordinator key byte for byte',
      withStore(async (store) => {
        const key = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
        await store.setCoordinatorKey(key);
        expect(await store.coordinatorKey()).toEqual(key);
      }),
    );
  });

  describe('runs', () => {
    it(
      'come back as they were created, in that order, each with its model',
      withStore(async (store) => {
        await store.createRun(RUN, INITIAL);
        await store.createRun(OTHER, NEXT);
        expect(await store.runs()).toEqual([RUN, OTHER]);
        expect(await store.model(RUN.modelHash)).toEqual(INITIAL);
        expect(await store.model(OTHER.modelHash)).toEqual(NEXT);
        expect(await store.model(hashOf('9'))).toBeNull();
      }),
    );

    it(
      'that cannot be created leave no model behind',
      withStore(async (store) => {
        await store.createRun(RUN, INITIAL);
        await expect(store.createRun({ ...OTHER, id: RUN.id }, NEXT)).rejects.toThrow();
        expect(await store.model(OTHER.modelHash)).toBeNull();
        expect(await store.runs()).toEqual([RUN]);
      }),
    );

    it(
      'change in what is set, and only the one that is named',
      withStore(async (store) => {
        await store.createRun(RUN, INITIAL);
        await store.createRun(OTHER, NEXT);
        await store.setRunState(RUN.id, 'stopped', 'Stopped after 1 of 5 rounds.');
        await store.setInitial(RUN.id, { accuracy: 0.1, loss: 2.3, detail: null });
        expect(await store.runs()).toEqual([
          {
            ...RUN,
            state: 'stopped',
            endedBecause: 'Stopped after 1 of 5 rounds.',
            initial: { accuracy: 0.1, loss: 2.3, detail: null },
          },
          OTHER,
        ]);
      }),
    );

    it(
      'EXTEND-1: are extended in settings, state and log together',
      withStore(async (store) => {
        await store.createRun({ ...RUN, state: 'done', endedBecause: 'Over.' }, INITIAL);
        await store.createRun(OTHER, NEXT);
        await store.extendRun(RUN.id, EXTENDED, ENTRY);
        expect(await store.runs()).toEqual([{ ...RUN, state: 'running', settings: EXTENDED }, OTHER]);
        expect(await store.log(RUN.id)).toEqual([ENTRY]);
      }),
    );

    it(
      'EXTEND-1: that cannot be extended with their log stay as they were',
      withStore(async (store) => {
        await store.createRun({ ...RUN, state: 'done' }, INITIAL);
        const broken = { ...ENTRY, text: null as never };
        await expect(store.extendRun(RUN.id, EXTENDED, broken)).rejects.toThrow();
        expect(await store.runs()).toEqual([{ ...RUN, state: 'done' }]);
        expect(await store.log(RUN.id)).toEqual([]);
      }),
    );

    it(
      'keep each its own log, in order',
      withStore(async (store) => {
        const entries = ['first', 'second', 'third'].map((text, i) => ({ at: `2026-01-0${i + 1}`, text }));
        for (const entry of entries) await store.appendLog(RUN.id, entry);
        expect(await store.log(RUN.id)).toEqual(entries);
        expect(await store.log(OTHER.id)).toEqual([]);
      }),
    );
  });

  describe('attempts', () => {
    const withRun = (test: (store: Store) => Promise<void>) =>
      withStore(async (store) => {
        await store.createRun(RUN, INITIAL);
        await test(store);
      });

    it(
      'are open from their beginning until they end',
      withRun(async (store) => {
        await store.openRound(begun());
        expect(await store.openRounds()).toEqual([begun()]);
        expect(await store.rounds(RUN.id)).toEqual([]);
        await store.abortRound(RUN.id, abortedView(SID));
        expect(await store.openRounds()).toEqual([]);
        expect(await store.rounds(RUN.id)).toEqual([abortedView(SID)]);
        expect(await store.runs()).toEqual([RUN]);
      }),
    );

    it(
      'OUTCOME-1: a committed one ends with its model as the run’s newest, and with its clip to the last digit',
      withRun(async (store) => {
        await store.openRound(begun());
        const view = roundView(SID, { clip: { norm: 0.1 + 0.2, within: 1 / 3 } });
        await store.commitRound(RUN.id, view, NEXT);
        expect(await store.openRounds()).toEqual([]);
        expect(await store.rounds(RUN.id)).toEqual([view]);
        expect(await store.model(hashOf('b'))).toEqual(NEXT);
        expect((await store.runs())[0]?.modelHash).toBe(hashOf('b'));
        expect(await store.model(RUN.modelHash)).toEqual(INITIAL);
      }),
    );

    it(
      'OUTCOME-1: one that cannot be committed leaves nothing of it: no model, no round, the attempt still open',
      withRun(async (store) => {
        await store.openRound(begun());
        await store.commitRound(RUN.id, roundView(SID), NEXT);
        const second = sidOf('2');
        await store.openRound(begun(second, 2));
        // The sid is taken: the round fails after the model was put and the attempt closed.
        const twice = roundView(SID, { modelHash: hashOf('e') });
        await expect(store.commitRound(RUN.id, twice, INITIAL)).rejects.toThrow();
        expect(await store.model(hashOf('e'))).toBeNull();
        expect(await store.rounds(RUN.id)).toEqual([roundView(SID)]);
        expect(await store.openRounds()).toEqual([begun(second, 2)]);
        expect((await store.runs())[0]?.modelHash).toBe(hashOf('b'));
        await expect(store.commitRound(RUN.id, abortedView(second), INITIAL)).rejects.toThrow();
        expect(await store.openRounds()).toEqual([begun(second, 2)]);
      }),
    );

    it(
      'OPEN-1: a sid is begun once and ends once',
      withRun(async (store) => {
        await store.openRound(begun());
        await expect(store.openRound(begun(SID, 2))).rejects.toThrow();
        await store.abortRound(RUN.id, abortedView(SID));
        await expect(store.abortRound(RUN.id, abortedView(SID))).rejects.toThrow();
        await expect(store.commitRound(RUN.id, roundView(SID), NEXT)).rejects.toThrow();
        expect(await store.rounds(RUN.id)).toEqual([abortedView(SID)]);
      }),
    );

    it(
      'two that came to the same model are both kept',
      withRun(async (store) => {
        await store.commitRound(RUN.id, roundView(SID), NEXT);
        const second = roundView(sidOf('2'), { round: 2 });
        await store.commitRound(RUN.id, second, NEXT);
        expect(await store.rounds(RUN.id)).toEqual([roundView(SID), second]);
      }),
    );

    it(
      'are replaced by sid when they have been evaluated, and keep their place',
      withRun(async (store) => {
        const second = abortedView(sidOf('2'), { round: 2 });
        await store.commitRound(RUN.id, roundView(SID), NEXT);
        await store.abortRound(RUN.id, second);
        const evaluated = roundView(SID, EVALUATION);
        await store.updateRound(RUN.id, evaluated);
        expect(await store.rounds(RUN.id)).toEqual([evaluated, second]);
      }),
    );
  });

  describe('models that were brought', () => {
    const BROUGHT: UploadedModel = {
      id: '1'.repeat(64),
      createdAt: '2026-01-02T03:04:05.678Z',
      name: 'Beaks',
      taskId: 'mnist',
      model: mnistTask.model,
      modelHash: hashOf('a'),
    };

    it(
      'come with their weights, in the order they came, and once',
      withStore(async (store) => {
        expect(await store.uploadedModels()).toEqual([]);
        expect(await store.uploadedModel(BROUGHT.id)).toBeNull();
        const second = { ...BROUGHT, id: '0'.repeat(64), name: 'Others' };
        await store.addUploadedModel(BROUGHT, INITIAL);
        await store.addUploadedModel(second, INITIAL);
        await store.addUploadedModel({ ...BROUGHT, createdAt: 'later' }, INITIAL);
        expect(await store.uploadedModels()).toEqual([BROUGHT, second]);
        expect(await store.uploadedModel(BROUGHT.id)).toEqual(BROUGHT);
        expect(await store.model(BROUGHT.modelHash)).toEqual(INITIAL);
      }),
    );

    it(
      'may be what a run begins with',
      withStore(async (store) => {
        await store.addUploadedModel(BROUGHT, INITIAL);
        await store.createRun(RUN, INITIAL);
        expect(await store.runs()).toEqual([RUN]);
      }),
    );
  });
}
