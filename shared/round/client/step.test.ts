import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../base/bytes.ts';
import { isModelHash, isParticipantId, isSid, type ParticipantId } from '../../base/ids.ts';
import { DURATION_MS } from '../../protocol/limits.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import type { Task } from '../../tasks/task.ts';
import { begin, step } from './step.ts';
import type { ClientEffect, ClientEvent, ClientState } from './types.ts';

const hex = (fill: number) => bytesToHex(new Uint8Array(32).fill(fill));
function checked<Id extends string>(text: string, is: (text: string) => text is Id): Id {
  if (!is(text)) throw new Error(text);
  return text;
}
const tab = (index: number): ParticipantId => checked(hex(index), isParticipantId);
const SELF = tab(2);
const OWN_KEY = hex(0x52);
const MODEL = checked(hex(200), isModelHash);

const task: Task = {
  version: 1,
  id: 'tiny',
  title: 'Tiny',
  summary: '',
  data: { kind: 'demo-shards', dataset: 'mnist', credit: '' },
  model: {
    version: 1,
    inputShape: [2],
    layers: [{ kind: 'dense', units: 2, activation: 'linear' }],
    loss: 'softmax-cross-entropy',
  },
  training: { epochs: 1, batchSize: 8, learningRate: 0.1, optimizer: { kind: 'sgd' } },
  quantization: { range: 1 },
  weightMax: 100,
};
const offer: Offer = {
  kind: 'offer',
  run: 'abcdefghijklmnop',
  round: 1,
  attempt: 1,
  nonce: new Uint8Array(32),
  modelHash: new Uint8Array(32),
  taskId: 'tiny',
  training: task.training,
  quantization: task.quantization,
  weightMax: 100,
  invited: 4,
  minCohort: 3,
  vectorWords: 7,
  seed: 1,
  durationsMs: { offered: 1_000, training: 2_000, rostered: 300, masking: 4_000 },
};
const policy = { minCohort: 3, maxVectorWords: 1_000, maxEpochs: 5 };
const sid = checked(hex(100), isSid);
const offered = (change: Partial<Offer> = {}) => begin(SELF, sid, { ...offer, ...change }, task, policy);

const entry = (index: number) => ({ participant: tab(index), maskKey: hex(0x50 + index) });
const entries = [entry(1), entry(2), entry(3)];
const roster: ClientEvent = { kind: 'roster', entries };
const trained: ClientEvent = { kind: 'trained' };
const keyed: ClientEvent = { kind: 'keyed', maskKey: OWN_KEY };
const masked: ClientEvent = { kind: 'masked' };
const uploaded: ClientEvent = { kind: 'uploaded' };
const result: ClientEvent = { kind: 'result', modelHash: MODEL, survivors: 3 };
const abort: ClientEvent = { kind: 'abort', code: 'upload-missing', detail: 'A participant left.' };
const deadline: ClientEvent = { kind: 'deadline' };
const progress: ClientEvent = { kind: 'progress', percent: 40 };

function after(...events: ClientEvent[]): { state: ClientState; effects: readonly ClientEffect[] } {
  return events.reduce((now, event) => step(now.state, event), offered());
}
const PATH = [trained, keyed, roster, masked, uploaded];
/** Each active state, by the events that lead to it. */
const ACTIVE = PATH.map((_, count) => PATH.slice(0, count)).concat([PATH]);
const ERASE = [{ kind: 'cancel-timer' }, { kind: 'erase-secrets' }];

describe('an offer', () => {
  it('OFFER-2: is accepted at once where it meets the policy, and trained for', () => {
    expect(offered()).toMatchObject({
      state: { kind: 'training' },
      effects: [{ kind: 'send-accept' }, { kind: 'start-timer', ms: 3_300 }, { kind: 'train' }],
    });
  });

  it.each<[string, Partial<Offer>]>([
    ['another task', { taskId: 'other' }],
    ['a smaller cohort than the participant insists on', { minCohort: 2 }],
    ['fewer invited than the cohort', { invited: 2 }],
    ['more invited than the protocol allows', { invited: 1_001 }],
    ['a longer vector than the policy allows', { vectorWords: 1_001 }],
    ['a vector that is not the model’s', { vectorWords: 8 }],
    ['more epochs than the policy allows', { training: { ...task.training, epochs: 6 } }],
    ['weights whose sum could wrap', { weightMax: 0xffffffff }],
  ])('OFFER-2: with %s is declined, and nothing is trained', (_, change) => {
    expect(offered(change)).toMatchObject({
      state: { kind: 'left', why: 'policy' },
      effects: [{ kind: 'send-decline', reason: 'policy' }],
    });
  });
});

describe('the way through a round', () => {
  it('TRAIN-1: reports the percentage alone while it trains', () => {
    const { state } = after();
    expect(step(state, progress)).toEqual({ state, effects: [{ kind: 'send-progress', percent: 40 }] });
  });

  it('TRAIN-2: makes its key after training, and only then advertises', () => {
    expect(after(trained).effects).toEqual([{ kind: 'make-key' }]);
    expect(after(trained, keyed)).toMatchObject({
      state: { kind: 'advertised', maskKey: OWN_KEY },
      effects: [{ kind: 'send-advertise', maskKey: OWN_KEY }],
    });
  });

  it('MASK-1: masks for a valid roster, uploads, and erases when all is sent', () => {
    expect(after(trained, keyed, roster).effects).toEqual([
      { kind: 'cancel-timer' },
      { kind: 'start-timer', ms: 4_300 },
      { kind: 'mask', entries },
    ]);
    expect(after(trained, keyed, roster, masked).effects).toEqual([{ kind: 'upload' }]);
    expect(after(...PATH)).toMatchObject({
      state: { kind: 'submitted' },
      effects: [...ERASE, { kind: 'start-timer', ms: 4_300 }],
    });
  });

  it('OPEN-2: a result ends it, also before the driver saw its last bytes leave', () => {
    for (const path of [PATH, PATH.slice(0, 4)])
      expect(after(...path, result)).toMatchObject({
        state: { kind: 'done', modelHash: MODEL, survivors: 3 },
        effects: ERASE,
      });
  });

  it('waits longer than any coordinator that keeps its deadlines, also with the default durations', () => {
    const { offered: answers, training, masking } = DURATION_MS;
    const patience = (effects: readonly ClientEffect[]) =>
      effects.flatMap((effect) => (effect.kind === 'start-timer' ? [effect.ms] : []))[0];
    expect(patience(offered({ durationsMs: DURATION_MS }).effects)).toBeGreaterThan(answers + training);
    expect(patience(after(...PATH.slice(0, 3)).effects)).toBeGreaterThan(offer.durationsMs.masking);
    expect(masking).toBeGreaterThan(0);
  });
});

describe('a roster', () => {
  it.each([
    ['is smaller than minCohort', entries.slice(0, 2)],
    ['is larger than the invitation', [...entries, entry(4), entry(5)]],
    ['is not sorted', [entry(2), entry(1), entry(3)]],
    ['lists a participant twice', [entry(1), entry(2), entry(2), entry(3)]],
    ['lists a key twice', [entry(1), entry(2), { ...entry(3), maskKey: entry(1).maskKey }]],
    ['lacks this participant', [entry(1), entry(3), entry(4)]],
    ['has another key for this participant', [entry(1), { ...entry(2), maskKey: hex(0x99) }, entry(3)]],
  ])('ROSTER-2: that %s is left unmasked, the secrets erased first', (_, shown) => {
    expect(after(trained, keyed, { kind: 'roster', entries: shown })).toMatchObject({
      state: { kind: 'left', why: 'roster-invalid' },
      effects: [
        ...ERASE,
        { kind: 'send-decline', reason: 'policy' },
        { kind: 'report-fault', fault: { code: 'not-in-roster' } },
      ],
    });
  });

  it('ROSTER-3: is final: the same again is ignored, another is left', () => {
    const another: ClientEvent = { kind: 'roster', entries: [...entries, entry(4)] };
    for (const path of [PATH.slice(0, 3), PATH.slice(0, 4)]) {
      const { state } = after(...path);
      expect(step(state, roster)).toEqual({ state, effects: [] });
      expect(step(state, another)).toMatchObject({
        state: { kind: 'left', why: 'roster-invalid' },
        effects: [...ERASE, { kind: 'send-decline' }, { kind: 'report-fault' }],
      });
    }
    const { state } = after(...PATH);
    expect(step(state, roster)).toEqual({ state, effects: [] });
    expect(step(state, another)).toMatchObject({ state, effects: [{ kind: 'report-fault' }] });
  });

  it('MASK-1: with a key that agrees with nobody is left, the secrets erased first', () => {
    expect(after(trained, keyed, roster, { kind: 'mask-failed' })).toMatchObject({
      state: { kind: 'left', why: 'roster-invalid' },
      effects: [...ERASE, { kind: 'send-decline', reason: 'policy' }],
    });
  });
});

describe('every way out', () => {
  it.each(ACTIVE.map((path) => [after(...path).state.kind, path] as const))(
    'LEAVE-1, ABORT-4: from %s erases the secrets before anything else',
    (_, path) => {
      expect(after(...path, abort)).toMatchObject({
        state: { kind: 'aborted', code: 'upload-missing', detail: 'A participant left.' },
        effects: ERASE,
      });
      expect(after(...path, { kind: 'socket-lost' })).toMatchObject({
        state: { kind: 'left', why: 'socket-lost' },
        effects: ERASE,
      });
      expect(after(...path, { kind: 'leave' })).toMatchObject({
        state: { kind: 'left', why: 'person-left' },
        effects: ERASE,
      });
      const why = path.length < 3 ? 'roster-late' : 'outcome-late';
      expect(after(...path, deadline)).toMatchObject({ state: { kind: 'left', why }, effects: ERASE });
    },
  );

  it.each([{ kind: 'training-failed' }, { kind: 'model-unavailable' }] as const)(
    'TRAIN-4: %j is told to the coordinator',
    (event) => {
      expect(after(event)).toMatchObject({
        state: { kind: 'left', why: event.kind },
        effects: [...ERASE, { kind: 'send-decline', reason: event.kind }],
      });
    },
  );

  it('ABORT-4: an ended attempt absorbs everything, results of its own work included', () => {
    for (const end of [abort, deadline, { kind: 'leave' } as const])
      for (const late of [...PATH, result, abort, deadline, progress, { kind: 'socket-lost' } as const]) {
        const { state } = after(trained, end);
        expect(step(state, late)).toEqual({ state, effects: [] });
      }
  });
});

describe('what does not fit', () => {
  it('FAULT-1: a roster or result too early is reported and changes nothing', () => {
    const early: [ClientEvent[], ClientEvent][] = [
      [[], roster],
      [[], result],
      [[trained], roster],
      [[trained], result],
      [[trained, keyed], result],
      [[trained, keyed, roster], result],
    ];
    for (const [path, event] of early) {
      const { state } = after(...path);
      expect(step(state, event)).toMatchObject({
        state,
        effects: [
          {
            kind: 'report-fault',
            fault: { code: 'wrong-phase', detail: expect.stringContaining(`${event.kind} is not expected`) },
          },
        ],
      });
    }
  });

  it('progress that comes after training is ignored', () => {
    for (const path of ACTIVE.slice(1)) {
      const { state } = after(...path);
      expect(step(state, progress)).toEqual({ state, effects: [] });
    }
  });

  it('answers of the driver that were never asked for are our own bug', () => {
    ACTIVE.forEach((path, position) => {
      const { state } = after(...path);
      const answers = [trained, keyed, roster, masked, uploaded].filter(
        (answer, index) => answer !== roster && index !== position,
      );
      for (const answer of answers) expect(() => step(state, answer)).toThrow('invariant broken');
      if (position > 0) expect(() => step(state, { kind: 'training-failed' })).toThrow('invariant broken');
    });
  });
});
