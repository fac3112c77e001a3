import { describe, expect, it, vi } from 'vitest';
import { hexToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { fail, ok } from '../base/result.ts';
import { generateKeyPair } from '../crypto/agreement.ts';
import { SEND_BUFFER_BYTES, UPLOAD_CHUNK_BYTES } from '../protocol/limits.ts';
import type { Offer } from '../protocol/messages/directions.ts';
import type { ParticipantPorts, TrainerPort } from './ports.ts';
import {
  modelBytesOf,
  offerOf,
  quickTrainer,
  settle,
  sidOf,
  taskOf,
  tinyTask,
  waitingTab,
  type TestTab,
} from './testing.ts';

/** Every quantized update that was made in this file, oldest first; the arrays that the rounds themselves hold. */
const quantized: Uint32Array[] = [];
vi.mock(import('../numeric/quantize.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    quantizeUpdate: (...terms) => {
      const words = original.quantizeUpdate(...terms);
      if (words.ok) quantized.push(words.value);
      return words;
    },
  };
});

/** A tab in its first round, with everything it made that must not outlive the round. */
async function tabInRound(changes: Partial<ParticipantPorts> = {}, task = tinyTask, offer = offerOf()) {
  quantized.length = 0;
  const drawn: Uint8Array[] = [];
  const random = seededRandom('secrets');
  const tab = await waitingTab(
    {
      random: (length) => {
        const bytes = random(length);
        drawn.push(bytes);
        return bytes;
      },
      ...changes,
    },
    task,
  );
  await tab.socket.deliver(offer);
  return { tab, offer, updates: quantized, secretKey: () => drawn.at(-1) };
}

/** The tab's own entry and those of two others. */
function rosterFor(tab: TestTab, offer: Offer) {
  const others = [1, 2].map((index) => ({
    participant: new Uint8Array(32).fill(index),
    maskKey: generateKeyPair(seededRandom(`peer ${index}`)).publicKey,
  }));
  const own = {
    participant: tab.socket.last('hello').participant,
    maskKey: tab.socket.last('advertise').maskKey,
  };
  const entries = [...others, own].toSorted((a, b) => Buffer.compare(a.participant, b.participant));
  return { kind: 'roster', sid: hexToBytes(sidOf(offer)), entries } as const;
}

const training = (train: TrainerPort['train']) => ({ trainer: { ...quickTrainer, train } });
const isZero = (values: Uint8Array | Uint32Array | undefined) => values?.every((value) => value === 0);

describe('an offer', () => {
  it('OFFER-2: is accepted before training, and refused where the policy forbids it', async () => {
    const { tab } = await tabInRound(training(() => new Promise(() => {})));
    expect(tab.socket.kinds).toEqual(['hello', 'ready', 'accept']);
    const refused = await tabInRound({}, tinyTask, offerOf({ minCohort: 2 }));
    expect(refused.tab.socket.last('decline').reason).toBe('policy');
    expect(refused.tab.view.status.kind).toBe('waiting');
    expect(refused.tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'policy', bytesSent: 66 }]);
    expect(refused.updates).toEqual([]);
  });

  it('OFFER-3: seen twice is joined once, also after it has ended', async () => {
    const { tab, offer } = await tabInRound();
    await tab.socket.deliver(offer);
    await tab.socket.deliver({
      kind: 'abort',
      sid: hexToBytes(sidOf(offer)),
      code: 'too-few-trained',
      detail: '',
    });
    await tab.socket.deliver(offer);
    expect(tab.socket.kinds.filter((kind) => kind === 'accept')).toHaveLength(1);
    await tab.socket.deliver(offerOf({ attempt: 2 }));
    expect(tab.socket.kinds.filter((kind) => kind === 'accept')).toHaveLength(2);
  });

  it('of another run is for nobody', async () => {
    const { tab } = await tabInRound({}, tinyTask, offerOf({ run: 'BBBBBBBBBBBBBBBB' }));
    expect(tab.socket.kinds).toEqual(['hello', 'ready']);
  });
});

describe('declined, with nothing sent of what was learnt', () => {
  const wrongModel = modelBytesOf(tinyTask).map((byte, i) => (i === 3 ? byte ^ 1 : byte));
  const nan = (index: number) => {
    const delta = new Float32Array(6);
    delta[index] = Number.NaN;
    return delta;
  };

  it.each<[string, Partial<ParticipantPorts>, string]>([
    ['a model with another hash', { model: { fetch: async () => ok(wrongModel) } }, 'model-unavailable'],
    [
      'a model that is cut short',
      { model: { fetch: async () => ok(modelBytesOf(tinyTask).subarray(0, 20)) } },
      'model-unavailable',
    ],
    [
      'a model that cannot be fetched',
      { model: { fetch: async () => fail({ detail: 'It answered 404.' }) } },
      'model-unavailable',
    ],
    [
      'a loss that is no number',
      training(async () => fail({ code: 'non-finite', detail: 'The loss became NaN.' })),
      'training-failed',
    ],
    [
      'an update with a NaN',
      training(async () => ok({ delta: nan(5), examples: 3, loss: 1 })),
      'training-failed',
    ],
    [
      'more examples than may count',
      training(async () => ok({ delta: new Float32Array(6), examples: 11, loss: 1 })),
      'training-failed',
    ],
    ['a backend that breaks', training(() => Promise.reject(new Error('out of memory'))), 'training-failed'],
  ])('%s', async (_what, changes, reason) => {
    const { tab, updates } = await tabInRound(changes);
    expect(tab.socket.kinds).toEqual(['hello', 'ready', 'accept', 'decline']);
    expect(tab.socket.last('decline').reason).toBe(reason);
    expect(tab.view.status.kind).toBe('waiting');
    expect(tab.view.rounds).toMatchObject([{ outcome: 'left', code: reason }]);
    expect(updates).toEqual([]);
    expect(tab.clock.isIdle).toBe(true);
  });
});

describe('training', () => {
  it('TRAIN-1: tells the coordinator percents in steps of five, and the page every batch', async () => {
    const { tab } = await tabInRound(
      training(async (job) => {
        for (let batch = 1; batch <= 52; batch++)
          job.onBatch({ batch, batches: 100, epoch: 1, loss: 1 / batch });
        return new Promise(() => {});
      }),
    );
    const percents = tab.socket.sent.flatMap((sent) => (sent.kind === 'progress' ? [sent.percent] : []));
    expect(percents).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
    expect(tab.view.status).toEqual({
      kind: 'in-round',
      progress: { round: 1, attempt: 1, phase: 'training', percent: 52, epoch: 1, epochs: 1, loss: 1 / 52 },
    });
  });

  it('MASK-6: of another attempt shuffles otherwise, so that it never makes the same update again', async () => {
    const labels: string[] = [];
    const trainer = training((job) => {
      labels.push(job.shuffleLabel);
      return new Promise(() => {});
    });
    await tabInRound(trainer);
    await tabInRound(trainer, tinyTask, offerOf({ attempt: 2 }));
    await tabInRound(trainer, tinyTask, offerOf({ round: 2 }));
    expect(new Set(labels).size).toBe(3);
  });

  it('TRAIN-2: makes a fresh key for each attempt', async () => {
    const { tab } = await tabInRound();
    const first = tab.socket.last('advertise').maskKey;
    const sid = hexToBytes(sidOf(offerOf()));
    await tab.socket.deliver({ kind: 'abort', sid, code: 'too-few-trained', detail: '' });
    await tab.socket.deliver(offerOf({ attempt: 2 }));
    expect(tab.socket.last('advertise').sid).not.toEqual(sid);
    expect(tab.socket.last('advertise').maskKey).not.toEqual(first);
  });

  it('stops when the person leaves', async () => {
    let signal: AbortSignal | null = null;
    const { tab } = await tabInRound(
      training((job) => {
        signal = job.signal;
        return new Promise(() => {});
      }),
    );
    tab.session.leave();
    expect(signal).toMatchObject({ aborted: true });
    expect(tab.socket.kinds.at(-1)).toBe('leave');
    expect(tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'person-left' }]);
    expect(tab.clock.isIdle).toBe(true);
  });

  it('that ends after the person has left sends nothing', async () => {
    let finish = () => {};
    const delta = new Float32Array(6).fill(0.25);
    const { tab, updates } = await tabInRound(
      training(() => new Promise((resolve) => (finish = () => resolve(ok({ delta, examples: 3, loss: 1 }))))),
    );
    tab.session.leave();
    finish();
    await settle();
    expect(tab.socket.kinds.at(-1)).toBe('leave');
    expect(updates.map(isZero)).toEqual([true]);
    expect([...delta]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('gives up when no roster comes', async () => {
    const { tab, updates, secretKey } = await tabInRound();
    await tab.clock.pass(140_000);
    expect(tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'roster-late' }]);
    expect(tab.view.status.kind).toBe('waiting');
    expect([isZero(updates[0]), isZero(secretKey())]).toEqual([true, true]);
  });
});

describe('masking and sending', () => {
  it('UPLOAD-1: sends 4 · vectorWords bytes that are not the update, and then only waits', async () => {
    const { tab, offer, updates } = await tabInRound();
    const plain = new Uint8Array(Uint32Array.from(updates[0] ?? []).buffer);
    await tab.socket.deliver(rosterFor(tab, offer));
    await tab.clock.pass(0);
    const { sid, index, chunks, bytes } = tab.socket.last('masked');
    expect({ sid, index, chunks }).toEqual({ sid: hexToBytes(sidOf(offer)), index: 0, chunks: 1 });
    expect(bytes).toHaveLength(4 * offer.vectorWords);
    expect(bytes).not.toEqual(plain);
    expect(tab.view.status).toMatchObject({ kind: 'in-round', progress: { phase: 'submitted' } });
  });

  it('LEAVE-1: erases update and key once the last byte is sent', async () => {
    const { tab, offer, updates, secretKey } = await tabInRound();
    const key = secretKey();
    expect([isZero(updates[0]), isZero(key)]).toEqual([false, false]);
    await tab.socket.deliver(rosterFor(tab, offer));
    await tab.clock.pass(0);
    expect([isZero(updates[0]), isZero(key)]).toEqual([true, true]);
  });

  it.each(['lost', 'left', 'aborted', 'unreadable'])('LEAVE-1: erases both when it is %s', async (how) => {
    const { tab, offer, updates, secretKey } = await tabInRound();
    const key = secretKey();
    const sid = hexToBytes(sidOf(offer));
    if (how === 'lost') tab.socket.lose();
    else if (how === 'left') tab.session.leave();
    else if (how === 'unreadable') await tab.socket.deliver(Uint8Array.of(0xff));
    else await tab.socket.deliver({ kind: 'abort', sid, code: 'too-few-trained', detail: '' });
    expect([isZero(updates[0]), isZero(key)]).toEqual([true, true]);
  });

  it('ROSTER-2: nothing is masked for a roster that lists it with another key', async () => {
    const { tab, offer, updates } = await tabInRound();
    const roster = rosterFor(tab, offer);
    const self = tab.socket.last('hello').participant;
    const entries = roster.entries.map((entry) =>
      Buffer.compare(entry.participant, self) === 0
        ? { ...entry, maskKey: generateKeyPair(seededRandom('another')).publicKey }
        : entry,
    );
    await tab.socket.deliver({ ...roster, entries });
    await tab.clock.pass(1_000);
    expect(tab.socket.kinds.at(-1)).toBe('decline');
    expect(tab.socket.kinds).not.toContain('masked');
    expect(tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'roster-invalid' }]);
    expect(isZero(updates[0])).toBe(true);
  });

  it('UPLOAD-1: cuts a long vector into chunks, and writes no more while a mebibyte waits in its socket', async () => {
    const task = taskOf(300, 300);
    const offer = offerOf({}, task);
    const { tab } = await tabInRound({}, task, offer);
    const sentChunks = () => tab.socket.kinds.filter((kind) => kind === 'masked').length;
    tab.socket.waitingBytes = SEND_BUFFER_BYTES + 1;
    await tab.socket.deliver(rosterFor(tab, offer));
    await tab.clock.pass(1_000);
    expect(sentChunks()).toBe(0);
    tab.socket.waitingBytes = SEND_BUFFER_BYTES;
    await tab.clock.pass(1_000);
    expect(sentChunks()).toBe(2);
    const chunks = tab.socket.sent.flatMap((sent) => (sent.kind === 'masked' ? [sent] : []));
    expect(chunks.map(({ index, bytes }) => [index, bytes.length])).toEqual([
      [0, UPLOAD_CHUNK_BYTES],
      [1, 4 * offer.vectorWords - UPLOAD_CHUNK_BYTES],
    ]);
  });

  it('stops between two chunks when the attempt is aborted', async () => {
    const task = taskOf(300, 300);
    const offer = offerOf({}, task);
    const { tab } = await tabInRound({}, task, offer);
    tab.socket.waitingBytes = SEND_BUFFER_BYTES + 1;
    await tab.socket.deliver(rosterFor(tab, offer));
    await tab.clock.pass(10);
    const sid = hexToBytes(sidOf(offer));
    await tab.socket.deliver({ kind: 'abort', sid, code: 'upload-missing', detail: 'One was lost.' });
    tab.socket.waitingBytes = 0;
    await tab.clock.pass(1_000);
    expect(tab.socket.kinds).not.toContain('masked');
    expect(tab.view.rounds).toMatchObject([
      { outcome: 'aborted', code: 'upload-missing', detail: 'One was lost.' },
    ]);
  });
});

describe('the outcome', () => {
  it('is kept with what the round cost: survivors, own loss, bytes', async () => {
    const { tab, offer } = await tabInRound();
    await tab.socket.deliver(rosterFor(tab, offer));
    await tab.clock.pass(0);
    const sid = hexToBytes(sidOf(offer));
    const hashes = { sumHash: new Uint8Array(32), modelHash: new Uint8Array(32) };
    await tab.socket.deliver({ kind: 'result', sid, ...hashes, survivors: 3 });
    const inRound = tab.view.sent.filter((row) => row.kind !== 'hello' && row.kind !== 'ready');
    expect(tab.view.rounds).toEqual([
      {
        round: 1,
        attempt: 1,
        outcome: 'done',
        survivors: 3,
        code: null,
        detail: 'The sum of 3 was opened and made the next model.',
        loss: 0.75,
        bytesSent: inRound.reduce((sum, row) => sum + row.bytes, 0),
      },
    ]);
    expect(tab.view.sent.map((row) => row.kind)).toEqual([
      'hello',
      'ready',
      'accept',
      'progress',
      'advertise',
      'masked',
    ]);
  });

  it('of another sid is for nobody', async () => {
    const { tab } = await tabInRound();
    const sid = new Uint8Array(32);
    await tab.socket.deliver({ kind: 'abort', sid, code: 'stopped', detail: '' });
    expect(tab.view.status).toMatchObject({ kind: 'in-round', progress: { phase: 'advertised' } });
  });
});
