import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { verify } from '../crypto/identity.ts';
import type { Examples } from '../data/examples.ts';
import type { ShardFault } from '../data/shards.ts';
import { FAULT_CODES, type FaultCode } from '../protocol/faults.ts';
import { encodeInvitation, fingerprintOf, verifyChain } from '../protocol/invitation.ts';
import { PROTOCOL_VERSION } from '../protocol/limits.ts';
import { helloBody } from '../protocol/transcript.ts';
import type { DataPort } from './ports.ts';
import {
  RUN,
  coordinatorSigner,
  finished,
  greeting,
  joiningTab,
  offerOf,
  openInvitation,
  quickTrainer,
  seat,
  settle,
  signedOffer,
  sidOf,
  testTab,
  tinyTask,
  waitingTab,
  welcomeTo,
} from './testing.ts';

const LONG_MS = 60_000;
const someExamples: Examples = { count: 1, inputs: new Float32Array(2), labels: new Uint8Array(1) };

const loading = (load: DataPort['load']): { data: DataPort } => ({
  data: { load, deleteAll: async () => {} },
});
const closing = (code: FaultCode) => ({ kind: 'fault', code, detail: '', closing: true }) as const;

describe('joining a run', () => {
  it('JOIN-1: answers the greeting with hello: the run, its identity and what invites it, no shard yet', async () => {
    const tab = await joiningTab();
    expect(tab.view.status).toEqual({ kind: 'connecting', attempt: 1 });
    expect(tab.socket.kinds).toEqual([]);
    await tab.socket.deliver(greeting);
    const { participant, chain, proof: _, ...hello } = tab.socket.last('hello');
    expect(bytesToHex(participant)).toBe(tab.view.participant);
    expect(hello).toEqual({
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      run: RUN,
      shard: null,
      resume: null,
    });
    const chainTerms = { run: RUN, adminKey: openInvitation.adminKey, identity: participant, nowSeconds: 0 };
    expect(verifyChain(chain, chainTerms).ok).toBe(true);
    expect(tab.view.adminFingerprint).toBe(fingerprintOf(openInvitation.adminKey));
  });

  it('JOIN-2: proves its identity for this connection, this coordinator and this run', async () => {
    const tab = await joiningTab();
    await tab.socket.deliver(greeting);
    const { participant, proof } = tab.socket.last('hello');
    const proves = (nonce: Uint8Array, key: Uint8Array, run: string) =>
      verify({ domain: 'hello', body: helloBody(nonce, key, run), signature: proof, publicKey: participant });
    const { nonce, coordinatorKey } = greeting;
    expect(proves(nonce, coordinatorKey, RUN)).toBe(true);
    expect(proves(new Uint8Array(32), coordinatorKey, RUN)).toBe(false);
    expect(proves(nonce, new Uint8Array(32), RUN)).toBe(false);
    expect(proves(nonce, coordinatorKey, 'BBBBBBBBBBBBBBBB')).toBe(false);
  });

  it('JOIN-2: says nothing before its identity is open, and nothing at all where the person left by then', async () => {
    let open = () => {};
    const identity = { publicKey: coordinatorSigner.publicKey, sign: coordinatorSigner.sign };
    const tab = testTab({
      identity: {
        open: () => new Promise((resolve) => (open = () => resolve({ signer: identity, slot: 0 }))),
      },
    });
    tab.session.join();
    await settle();
    expect(tab.sockets).toHaveLength(0);
    tab.session.leave();
    open();
    await settle();
    expect(tab.sockets).toHaveLength(0);
    expect(tab.view.status).toEqual({ kind: 'left' });
  });

  it('JOIN-6: of a run for one tab a browser, a second tab leaves by itself', async () => {
    const slots = async (slot: number | null) => {
      const tab = await joiningTab({
        identity: { open: async () => ({ signer: coordinatorSigner, slot }) },
      });
      await tab.socket.deliver(greeting);
      await tab.socket.deliver({ ...welcomeTo(tinyTask), onePerProfile: true });
      return tab.view.status.kind;
    };
    expect([await slots(0), await slots(1), await slots(null)]).toEqual(['waiting', 'failed', 'waiting']);
  });

  it('JOIN-4: loads the shard it was given, starts its backend, and only then says it is ready', async () => {
    let finish: (value: Result<Examples, ShardFault>) => void = () => {};
    const asked: unknown[] = [];
    const tab = await waitingTab(
      loading((_task, shard, onProgress) => {
        asked.push(shard);
        onProgress(0.5);
        return new Promise((resolve) => (finish = resolve));
      }),
    );
    expect(asked).toEqual([{ index: 1, of: 4 }]);
    expect(tab.view.status).toEqual({ kind: 'loading', fraction: 0.5 });
    expect(tab.socket.kinds).toEqual(['hello']);
    finish(ok(someExamples));
    await settle();
    expect(tab.socket.kinds).toEqual(['hello', 'ready']);
    expect(tab.socket.last('ready').backend).toBe('test backend');
    expect(tab.view).toMatchObject({
      status: { kind: 'waiting' },
      examples: 1,
      shard: { index: 1, of: 4 },
      backend: 'test backend',
      dataKept: true,
      ownEntries: [],
    });
  });

  it('counts itself while the coordinator has not said who is here, and then what it says', async () => {
    const tab = await waitingTab();
    expect(tab.view.status).toEqual({ kind: 'waiting', here: 1, needed: 3 });
    await tab.socket.deliver({ kind: 'room', here: 2, needed: 8 });
    expect(tab.view.status).toEqual({ kind: 'waiting', here: 2, needed: 8 });
  });

  it('INVITE-1: takes no invitation that is cut short', () => {
    const cut = encodeInvitation(openInvitation).slice(0, -1);
    expect(() => testTab({}, tinyTask, cut)).toThrow('invitation: it is cut short or spoilt');
  });
});

describe('what a person must know ends the session with a sentence', () => {
  it.each(FAULT_CODES)('a closing fault %s', async (code) => {
    const tab = await waitingTab();
    await tab.socket.deliver(closing(code));
    expect(tab.view.status).toEqual({ kind: 'failed', detail: expect.stringMatching(/^[A-Z].{15,}\.$/) });
    expect(tab.socket.isClosed).toBe(true);
    await tab.clock.pass(LONG_MS);
    expect(tab.sockets).toHaveLength(1);
  });

  it('an unknown invitation says whom to ask', async () => {
    const tab = await joiningTab();
    await tab.socket.deliver(closing('unknown-invitation'));
    expect(tab.view.status).toMatchObject({ detail: expect.stringContaining('ask whoever sent it') });
  });

  it('a fault that does not close is only a remark', async () => {
    const tab = await waitingTab();
    await tab.socket.deliver({ kind: 'fault', code: 'unknown-sid', detail: '', closing: false });
    expect(tab.view.status.kind).toBe('waiting');
  });

  it.each([
    ['no CBOR', Uint8Array.of(0xff, 0x00)],
    ['an empty frame', new Uint8Array(0)],
    ['too many bytes', new Uint8Array(1_100_000)],
  ])('CODEC-5: %s from the coordinator throws nothing', async (_what, frame) => {
    const tab = await waitingTab();
    await tab.socket.deliver(frame);
    expect(tab.view.status).toMatchObject({ kind: 'failed', detail: expect.stringContaining('cannot read') });
    expect(tab.socket.isClosed).toBe(true);
  });

  it('a corrupted shard names the file', async () => {
    const detail = 'train-001.bin is not the file that was published: its hash differs';
    const tab = await waitingTab(loading(async () => fail({ code: 'corrupted', detail })));
    expect(tab.view.status).toMatchObject({ kind: 'failed', detail: expect.stringContaining(detail) });
    expect(tab.view.dataKept).toBe(false);
  });

  it('a backend that does not start', async () => {
    const start = async () => fail({ code: 'backend', detail: 'WebAssembly did not start.' } as const);
    const tab = await waitingTab({ trainer: { ...quickTrainer, start } });
    expect(tab.view.status).toMatchObject({ kind: 'failed', detail: expect.stringContaining('WebAssembly') });
    expect(tab.socket.kinds).not.toContain('ready');
  });
});

describe('a connection that is lost', () => {
  it('JOIN-5: is opened again with the same id and the shard it holds, which is not loaded again', async () => {
    let loads = 0;
    const tab = await waitingTab(
      loading(async () => {
        loads++;
        return ok(someExamples);
      }),
    );
    const { participant } = tab.socket.last('hello');
    tab.socket.lose();
    const { status } = tab.view;
    expect(status).toMatchObject({ kind: 'offline' });
    await tab.clock.pass(status.kind === 'offline' ? status.retryInMs : 0);
    expect(tab.sockets).toHaveLength(2);
    await seat(tab);
    expect(tab.socket.last('hello')).toMatchObject({ participant, shard: { index: 1, of: 4 } });
    expect(tab.socket.kinds).toEqual(['hello', 'ready']);
    expect(loads).toBe(1);
    await tab.socket.deliver(await signedOffer(offerOf()));
    expect(tab.socket.kinds).toContain('accept');
  });

  it('JOIN-5: is tried until the coordinator is back, ever more slowly', async () => {
    const tab = await waitingTab();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      tab.socket.lose();
      const { status } = tab.view;
      if (status.kind === 'offline') waits.push(status.retryInMs);
      await tab.clock.pass(10_000);
    }
    expect(waits).toHaveLength(8);
    expect(waits[0]).toBeLessThanOrEqual(500);
    expect(waits[7]).toBeGreaterThanOrEqual(5_000);
  });

  it('JOIN-5: is tried soon again after it had been back, and knows nothing of the room it left', async () => {
    const tab = await waitingTab();
    await tab.socket.deliver({ kind: 'room', here: 3, needed: 8 });
    for (let i = 0; i < 5; i++) {
      tab.socket.lose();
      await tab.clock.pass(10_000);
    }
    await seat(tab);
    expect(tab.view.status).toEqual({ kind: 'waiting', here: 1, needed: 3 });
    tab.socket.lose();
    const { status } = tab.view;
    expect(status.kind === 'offline' ? status.retryInMs : Infinity).toBeLessThanOrEqual(500);
  });

  it('JOIN-5: that opens and says nothing, or does not even open, is given up', async () => {
    const tab = testTab();
    tab.session.join();
    await settle();
    await tab.clock.pass(15_500);
    expect(tab.sockets).toHaveLength(2);
    expect(tab.sockets[0]?.isClosed).toBe(true);
    tab.socket.open();
    await tab.clock.pass(16_000);
    expect(tab.sockets).toHaveLength(3);
    await seat(tab);
    await tab.clock.pass(LONG_MS);
    expect(tab.sockets).toHaveLength(3);
    expect(tab.view.status.kind).toBe('waiting');
  });

  it('JOIN-2: asked for by the same identity from elsewhere, it ends for good', async () => {
    const tab = await waitingTab();
    await tab.socket.deliver(closing('replaced'));
    tab.socket.lose();
    await tab.clock.pass(LONG_MS);
    expect(tab.sockets).toHaveLength(1);
    expect(tab.view.status).toMatchObject({ detail: expect.stringContaining('somewhere else') });
  });

  it('SAME-1: in a round names its attempt and sends again what it sent last', async () => {
    const tab = await waitingTab({
      trainer: { ...quickTrainer, train: () => new Promise(() => {}) },
    });
    await tab.socket.deliver(await signedOffer(offerOf()));
    expect(tab.socket.kinds).toEqual(['hello', 'ready', 'accept']);
    tab.socket.lose();
    expect(tab.view.status.kind).toBe('offline');
    await tab.clock.pass(500);
    await seat(tab);
    expect(tab.socket.last('hello').resume).toEqual(new Uint8Array(hexToBytes(sidOf(offerOf()))));
    expect(tab.socket.kinds).toEqual(['hello', 'ready', 'accept']);
    expect(tab.view.status.kind).toBe('in-round');
  });

  it('JOIN-3: another shard than the one it holds is loaded', async () => {
    const shards: number[] = [];
    const tab = await waitingTab(
      loading(async (_task, shard) => {
        shards.push(shard.index);
        return ok(someExamples);
      }),
    );
    tab.socket.lose();
    await tab.clock.pass(500);
    await seat(tab, tinyTask, 3);
    expect(shards).toEqual([1, 3]);
    expect(tab.view.shard?.index).toBe(3);
  });

  it('during the download leaves the answer to the connection that comes after', async () => {
    const answers: ((value: Result<Examples, ShardFault>) => void)[] = [];
    const tab = await waitingTab(loading(() => new Promise((resolve) => answers.push(resolve))));
    tab.socket.lose();
    await tab.clock.pass(500);
    await seat(tab);
    answers[0]?.(fail({ code: 'corrupted', detail: 'cut off' }));
    await settle();
    expect(tab.view.status.kind).toBe('loading');
    answers[1]?.(ok(someExamples));
    await settle();
    expect(tab.socket.kinds).toEqual(['hello', 'ready']);
  });

  it('ends once: the old one’s close comes late and is for nobody', async () => {
    const tab = await waitingTab(loading(async () => fail({ code: 'unreachable', detail: 'No answer.' })));
    await tab.clock.pass(500);
    expect(tab.view.status).toEqual({ kind: 'connecting', attempt: 2 });
    tab.sockets[0]?.lose();
    expect(tab.view.status).toEqual({ kind: 'connecting', attempt: 2 });
  });

  it('a shard that cannot be reached is asked for again, and after four times a person is', async () => {
    const tab = await waitingTab(loading(async () => fail({ code: 'unreachable', detail: 'No answer.' })));
    for (let tries = 1; tries < 4; tries++) {
      expect(tab.view.status.kind).toBe('offline');
      expect(tab.sockets).toHaveLength(tries);
      await tab.clock.pass(10_000);
      await seat(tab);
    }
    expect(tab.view.status).toMatchObject({ kind: 'failed', detail: expect.stringContaining('No answer.') });
    expect(tab.clock.isIdle).toBe(true);
  });
});

describe('leaving', () => {
  it('tells the coordinator, and nothing follows', async () => {
    const tab = await waitingTab();
    tab.session.leave();
    expect(tab.socket.kinds.at(-1)).toBe('leave');
    expect(tab.socket.isClosed).toBe(true);
    await tab.clock.pass(LONG_MS);
    expect(tab.view.status).toEqual({ kind: 'left' });
    expect(tab.sockets).toHaveLength(1);
  });

  it('while it is offline ends the tries', async () => {
    const tab = await waitingTab();
    tab.socket.lose();
    tab.session.leave();
    await tab.clock.pass(LONG_MS);
    expect(tab.view.status).toEqual({ kind: 'left' });
    expect(tab.sockets).toHaveLength(1);
  });

  it('with the data deletes what is kept', async () => {
    let kept = 3;
    const tab = await waitingTab({
      data: {
        load: async () => ok(someExamples),
        deleteAll: async () => {
          kept = 0;
        },
      },
    });
    expect(tab.view.dataKept).toBe(true);
    await tab.session.deleteData();
    expect(kept).toBe(0);
    expect(tab.view).toMatchObject({ status: { kind: 'left' }, dataKept: false, examples: null });
  });

  it('with the data during the download deletes also what comes in afterwards', async () => {
    let kept = 0;
    let finish = () => {};
    const tab = await waitingTab({
      data: {
        load: () =>
          new Promise((resolve) => {
            finish = () => {
              kept++;
              resolve(ok(someExamples));
            };
          }),
        deleteAll: async () => {
          kept = 0;
        },
      },
    });
    const deleted = tab.session.deleteData();
    await settle();
    finish();
    await deleted;
    expect(kept).toBe(0);
    expect(tab.view).toMatchObject({ status: { kind: 'left' }, dataKept: false });
  });
});

describe('the end of a run', () => {
  it('RUN-5: is shown with the model that came of it', async () => {
    const tab = await waitingTab();
    await tab.socket.deliver(finished);
    expect(tab.view.status).toEqual({
      kind: 'finished',
      outcome: 'done',
      rounds: 2,
      modelHash: '01'.repeat(32),
    });
    await tab.clock.pass(LONG_MS);
    expect(tab.sockets).toHaveLength(1);
  });

  it('is learnt by a tab that was offline then', async () => {
    const tab = await waitingTab();
    tab.socket.lose();
    await tab.clock.pass(500);
    tab.socket.open();
    await tab.socket.deliver(finished);
    expect(tab.view.status.kind).toBe('finished');
  });

  it('LEAVE-1: stops a round that is under way, and its training', async () => {
    let signal: AbortSignal | null = null;
    const tab = await waitingTab({
      trainer: {
        ...quickTrainer,
        train: (job) => {
          signal = job.signal;
          return new Promise(() => {});
        },
      },
    });
    await tab.socket.deliver(await signedOffer(offerOf()));
    await tab.socket.deliver({ ...finished, outcome: 'failed' });
    expect(signal).toMatchObject({ aborted: true });
    expect(tab.view.status).toMatchObject({ kind: 'finished', outcome: 'failed' });
    expect(tab.view.rounds).toMatchObject([{ outcome: 'aborted', code: 'stopped' }]);
    expect(tab.clock.isIdle).toBe(true);
  });
});
