/** The driver's own duties: effects in order, stored before told, and silence once it is disposed of. */
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import { seededRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { nobleSuite } from '#shared/crypto/suite.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { composeOffering } from './offering.ts';
import { RoundDriver, type RoundPorts } from './round-driver.ts';
import { runRecord } from './store/contract.ts';
import { tinyTask } from './testing/tiny-coordinator.ts';

const INVITED = ['a', 'b', 'c'].map((label) => bytesToHex(seededRandom(label)(32)) as ParticipantId);

/** A driver whose calls are written down; `changes` replaces some of its ports. */
async function drive(changes: (calls: string[]) => Partial<RoundPorts> = () => ({})) {
  const calls: string[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const record = runRecord('run-aaaaaaaaaaaa', {
    task: tinyTask,
  });
  const signer = nobleSigner(new Uint8Array(32).fill(5));
  const to = { invited: INVITED, privacy: null };
  const { offer, plan } = await composeOffering(record, { round: 1, attempt: 1 }, to, signer);
  const ports: RoundPorts = {
    suite: nobleSuite,
    signer,
    graceMs: 20,
    invited: () => true,
    unmasking: async () => void calls.push('unmasking'),
    epsilon: () => null,
    begin: async () => void calls.push('begin'),
    send: (_to, message) => calls.push(message.kind),
    expel: () => calls.push('expel'),
    commit: async () => void calls.push('commit'),
    abort: async (view) => void calls.push(`store ${view.abortCode}`),
    changed: () => {},
    ended: () => {
      calls.push('ended');
      resolve();
    },
    failed: () => {
      calls.push('failed');
      driver.dispose();
      resolve();
    },
    ...changes(calls),
  };
  const global = new Float32Array(parameterCount(tinyTask.model));
  const driver: RoundDriver = new RoundDriver(plan, offer, global, ports);
  return { driver, calls, over };
}

describe('the driver of an attempt', () => {
  it('ABORT-1: tells nobody of an abort before it is stored, however long that takes', async () => {
    const stored = Promise.withResolvers<void>();
    const storing = Promise.withResolvers<void>();
    const { driver, calls, over } = await drive((written) => ({
      abort: async () => {
        storing.resolve();
        await stored.promise;
        written.push('stored');
      },
    }));
    driver.stop();
    await storing.promise;
    expect(calls).toEqual(['begin']);
    stored.resolve();
    await over;
    expect(calls).toEqual(['begin', 'stored', 'abort', 'abort', 'abort', 'ended']);
  });

  it('takes what happens while it stores after that, not in between', async () => {
    const begun = Promise.withResolvers<void>();
    const { driver, calls, over } = await drive((written) => ({
      begin: async () => {
        await begun.promise;
        written.push('begin');
      },
    }));
    for (const from of INVITED) driver.left(from);
    expect(calls).toEqual([]);
    begun.resolve();
    await over;
    expect(calls.slice(0, 2)).toEqual(['begin', 'store too-few-accepted']);
    expect(calls.at(-1)).toBe('ended');
  });

  it('does nothing more once its store has failed, whatever was waiting', async () => {
    const { driver, calls, over } = await drive(() => ({
      begin: async () => {
        throw new Error('the disk is full');
      },
    }));
    driver.stop();
    const waiting = Promise.withResolvers<void>();
    await over;
    setImmediate(waiting.resolve);
    await waiting.promise;
    expect(calls).toEqual(['failed']);
  });

  it('does nothing more once it is disposed of', async () => {
    const { driver, calls } = await drive();
    driver.stop();
    driver.dispose();
    const waiting = Promise.withResolvers<void>();
    setImmediate(waiting.resolve);
    await waiting.promise;
    expect(calls).toEqual(['begin']);
  });
});
