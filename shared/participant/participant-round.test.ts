import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { fail, ok } from '../base/result.ts';
import { laneBits } from '../numeric/quantize.ts';
import { packLanes, packedBytes } from '../numeric/pack.ts';
import { SEND_BUFFER_BYTES } from '../protocol/limits.ts';
import { chunkBytes } from '../protocol/upload-chunks.ts';
import type { ParticipantPorts, TrainerPort } from './ports.ts';
import { TestRound, signedAbort } from './testing-round.ts';
import {
  modelBytesOf,
  offerOf,
  quickTrainer,
  settle,
  sidOf,
  signedOffer,
  taskOf,
  tinyTask,
  waitingTab,
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
  await tab.socket.deliver(await signedOffer(offer));
  return { tab, offer, updates: quantized, secrets: () => drawn.slice(-3) };
}

type InRound = Awaited<ReturnType<typeof tabInRound>>;

/** Roster, shares, U2: the tab has masked, and waits for its turn. */
async function maskedTab({ tab, offer }: Pick<InRound, 'tab' | 'offer'>): Promise<TestRound> {
  const round = await TestRound.of(tab, offer);
  await tab.socket.deliver(await round.roster());
  await tab.socket.deliver(await round.relayed());
  await tab.socket.deliver(await round.maskRequest());
  await tab.clock.pass(0);
  return round;
}

const training = (train: TrainerPort['train']) => ({ trainer: { ...quickTrainer, train } });
const isZero = (values: Uint8Array | Uint32Array | undefined) => values?.every((value) => value === 0);

describe('an offer', () => {
  it('OFFER-2: is accepted before training, and refused where the policy forbids it', async () => {
    const { tab } = await tabInRound(training(() => new Promise(() => {})));
    expect(tab.socket.kinds).toEqual(['hello', 'ready', 'accept']);
    const refused = await tabInRound({}, tinyTask, offerOf({ minCohort: 2, minSurvivors: 2 }));
    expect(refused.tab.socket.last('decline').reason).toBe('policy');
    expect(refused.tab.view.status.kind).toBe('waiting');
    expect(refused.tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'policy', bytesSent: 66 }]);
    expect(refused.updates).toEqual([]);
  });

  it('OFFER-3: seen twice is joined once, also after it has ended', async () => {
    const { tab, offer } = await tabInRound();
    await tab.socket.deliver(await signedOffer(offer));
    await tab.socket.deliver(await signedAbort(sidOf(offer)));
    await tab.socket.deliver(await signedOffer(offer));
    expect(tab.socket.kinds.filter((kind) => kind === 'accept')).toHaveLength(1);
    await tab.socket.deliver(await signedOffer(offerOf({ attempt: 2 })));
    expect(tab.socket.kinds.filter((kind) => kind === 'accept')).toHaveLength(2);
  });

  it('OFFER-3: that the coordinator did not sign is for nobody', async () => {
    const tab = await waitingTab();
    const { signature, ...offer } = await signedOffer(offerOf());
    await tab.socket.deliver({
      ...offer,
      signature: signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
    });
    expect(tab.socket.kinds).toEqual(['hello', 'ready']);
    // It is not remembered as seen.
    await tab.socket.deliver(await signedOffer(offerOf()));
    expect(tab.socket.kinds).toContain('accept');
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
      progress: {
        round: 1,
        attempt: 1,
        phase: 'training',
        percent: 52,
        epoch: 1,
        epochs: 1,
        loss: 1 / 52,
        note: null,
        peers: [],
      },
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

  it('TRAIN-2: makes fresh keys and a fresh self mask for each attempt', async () => {
    const { tab, offer } = await tabInRound();
    const first = tab.socket.last('advertise');
    await tab.socket.deliver(await signedAbort(sidOf(offer)));
    await tab.socket.deliver(await signedOffer(offerOf({ attempt: 2 })));
    const second = tab.socket.last('advertise');
    expect(second.participant).toEqual(first.participant);
    for (const field of ['sid', 'maskKey', 'sealKey', 'commitment'] as const)
      expect(second[field]).not.toEqual(first[field]);
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
    const { tab, updates, secrets } = await tabInRound();
    await tab.clock.pass(140_000);
    expect(tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'coordinator-silent' }]);
    expect(tab.view.status.kind).toBe('waiting');
    expect([isZero(updates[0]), ...secrets().map(isZero)]).toEqual([true, true, true, true]);
  });
});

describe('masking and sending', () => {
  it('UPLOAD-1: sends W bits a lane that are not the update, and then only waits', async () => {
    const inRound = await tabInRound();
    const { tab, offer, updates } = inRound;
    const bits = laneBits({ ...offer.quantization, invited: offer.invited });
    const plain = packLanes(updates[0] ?? new Uint32Array(), bits);
    const round = await maskedTab(inRound);
    expect(tab.socket.kinds.at(-1)).toBe('masked-ready');
    await tab.socket.deliver(round.grant());
    await tab.clock.pass(0);
    const { sid, index, chunks, bytes } = tab.socket.last('masked');
    expect({ sid, index, chunks }).toEqual({ sid: round.sidBytes, index: 0, chunks: 1 });
    expect(bytes).toHaveLength(packedBytes(offer.vectorWords, bits));
    expect(bytes).not.toEqual(plain);
    expect(tab.view.status).toMatchObject({ kind: 'in-round', progress: { phase: 'submitted' } });
  });

  it('LEAVE-1: erases update, mask key and self mask once it has masked, and the seal key at the end', async () => {
    const inRound = await tabInRound();
    const { tab, updates, secrets } = inRound;
    const [maskKey, sealKey, selfSeed] = secrets();
    const now = () => [updates[0], maskKey, selfSeed, sealKey].map(isZero);
    expect(now()).toEqual([false, false, false, false]);
    const round = await maskedTab(inRound);
    expect(now()).toEqual([true, true, true, false]);
    await tab.socket.deliver(await round.result(3));
    expect(now()).toEqual([true, true, true, true]);
  });

  it.each(['left', 'aborted', 'unreadable'])('LEAVE-1: erases everything when it is %s', async (how) => {
    const { tab, offer, updates, secrets } = await tabInRound();
    const keys = secrets();
    if (how === 'left') tab.session.leave();
    else if (how === 'unreadable') await tab.socket.deliver(Uint8Array.of(0xff));
    else await tab.socket.deliver(await signedAbort(sidOf(offer)));
    expect([isZero(updates[0]), ...keys.map(isZero)]).toEqual([true, true, true, true]);
  });

  it('SAME-1: keeps everything while its connection is lost, until its deadline', async () => {
    const { tab, updates, secrets } = await tabInRound();
    const keys = secrets();
    tab.socket.lose();
    expect([isZero(updates[0]), ...keys.map(isZero)]).toEqual([false, false, false, false]);
    await tab.clock.pass(140_000);
    expect([isZero(updates[0]), ...keys.map(isZero)]).toEqual([true, true, true, true]);
  });

  it('ROSTER-2: nothing is shared for a roster that lists it with other keys', async () => {
    const { tab, offer, updates } = await tabInRound();
    const round = await TestRound.of(tab, offer);
    const list = Uint8Array.from(round.entries.flatMap((entry) => [...entry]));
    // The last byte of its own digest.
    const last = 64 * round.self + 63;
    list[last] = (list[last] ?? 0) ^ 1;
    await tab.socket.deliver(await round.roster(list));
    await tab.clock.pass(1_000);
    expect(tab.socket.kinds.at(-1)).toBe('decline');
    expect(tab.socket.kinds).not.toContain('shares');
    expect(tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'roster-invalid' }]);
    expect(isZero(updates[0])).toBe(true);
  });

  it('UPLOAD-1: cuts a long vector into chunks, and writes no more while a mebibyte waits in its socket', async () => {
    const task = taskOf(500, 250);
    const offer = offerOf({}, task);
    const inRound = await tabInRound({}, task, offer);
    const { tab } = inRound;
    const sentChunks = () => tab.socket.kinds.filter((kind) => kind === 'masked').length;
    const round = await maskedTab(inRound);
    tab.socket.waitingBytes = SEND_BUFFER_BYTES + 1;
    await tab.socket.deliver(round.grant());
    await tab.clock.pass(1_000);
    expect(sentChunks()).toBe(0);
    tab.socket.waitingBytes = SEND_BUFFER_BYTES;
    await tab.clock.pass(1_000);
    expect(sentChunks()).toBe(2);
    const chunks = tab.socket.sent.flatMap((sent) => (sent.kind === 'masked' ? [sent] : []));
    const bits = laneBits({ ...offer.quantization, invited: offer.invited });
    expect(chunks.map(({ index, bytes }) => [index, bytes.length])).toEqual([
      [0, chunkBytes(bits)],
      [1, packedBytes(offer.vectorWords, bits) - chunkBytes(bits)],
    ]);
  });

  it('UPLOAD-1: goes on with the chunk that it is asked for, and sends the same bytes again', async () => {
    const task = taskOf(500, 250);
    const inRound = await tabInRound({}, task, offerOf({}, task));
    const { tab } = inRound;
    const round = await maskedTab(inRound);
    await tab.socket.deliver(round.grant());
    await tab.clock.pass(0);
    await tab.socket.deliver(round.grant(1));
    await tab.clock.pass(0);
    const chunks = tab.socket.sent.flatMap((sent) => (sent.kind === 'masked' ? [sent] : []));
    expect(chunks.map(({ index }) => index)).toEqual([0, 1, 1]);
    expect(Buffer.from(chunks[2]?.bytes ?? []).equals(chunks[1]?.bytes ?? new Uint8Array())).toBe(true);
  });

  it('stops between two chunks when the attempt is aborted', async () => {
    const task = taskOf(500, 250);
    const inRound = await tabInRound({}, task, offerOf({}, task));
    const { tab } = inRound;
    const round = await maskedTab(inRound);
    tab.socket.waitingBytes = SEND_BUFFER_BYTES + 1;
    await tab.socket.deliver(round.grant());
    await tab.clock.pass(10);
    await tab.socket.deliver(await signedAbort(round.sid, 'too-few-uploaded', 'Two were lost.'));
    tab.socket.waitingBytes = 0;
    await tab.clock.pass(1_000);
    expect(tab.socket.kinds).not.toContain('masked');
    expect(tab.view.rounds).toMatchObject([
      { outcome: 'aborted', code: 'too-few-uploaded', detail: 'Two were lost.' },
    ]);
  });
});

describe('the end of a round', () => {
  it('REVEAL-1: it confirms U3, and reveals one share a member after its holders’ signatures', async () => {
    const inRound = await tabInRound();
    const { tab } = inRound;
    const round = await maskedTab(inRound);
    await tab.socket.deliver(round.grant());
    await tab.clock.pass(0);
    await tab.socket.deliver(await round.unmaskRequest());
    expect(tab.socket.kinds.at(-1)).toBe('confirm');
    await tab.socket.deliver(await round.confirmations());
    const { shares } = tab.socket.last('reveal');
    expect(shares.map(({ of }) => of)).toEqual([0, 1, 2]);
    expect(tab.view.status).toMatchObject({ kind: 'in-round', progress: { phase: 'unmasking' } });
  });

  it('OUTCOME-2: is kept with what the round cost: survivors, own loss, bytes, how peers were reached', async () => {
    const inRound = await tabInRound();
    const { tab } = inRound;
    const round = await maskedTab(inRound);
    await tab.socket.deliver(round.grant());
    await tab.clock.pass(0);
    await tab.socket.deliver(await round.unmaskRequest());
    await tab.socket.deliver(await round.confirmations());
    await tab.socket.deliver(await round.result(3));
    const ofRound = tab.view.sent.filter((row) => row.kind !== 'hello' && row.kind !== 'ready');
    expect(tab.view.rounds).toMatchObject([
      {
        round: 1,
        attempt: 1,
        outcome: 'done',
        survivors: 3,
        code: null,
        detail: 'The sum of 3 was opened and made the next model.',
        loss: 0.75,
        bytesSent: ofRound.reduce((sum, row) => sum + row.bytes, 0),
        direct: 0,
        relayed: 2,
        note: null,
        evidence: null,
      },
    ]);
    expect(tab.view.sent.map((row) => row.kind)).toEqual([
      'hello',
      'ready',
      'accept',
      'progress',
      'advertise',
      'shares',
      'shared',
      'masked-ready',
      'masked',
      'confirm',
      'reveal',
    ]);
  });

  it('OUTCOME-1: that the coordinator did not sign changes nothing', async () => {
    const { tab, offer } = await tabInRound();
    const { signature, ...abort } = await signedAbort(sidOf(offer));
    await tab.socket.deliver({ ...abort, signature: signature.toReversed() });
    await tab.socket.deliver({ ...abort, code: 'stopped', signature });
    expect(tab.view.status).toMatchObject({ kind: 'in-round', progress: { phase: 'advertised' } });
  });

  it('of another sid is for nobody', async () => {
    const { tab } = await tabInRound();
    await tab.socket.deliver(await signedAbort(sidOf(offerOf({ attempt: 7 }))));
    expect(tab.view.status).toMatchObject({ kind: 'in-round', progress: { phase: 'advertised' } });
  });
});
