/** What a connection may say before and while it takes part, over real sockets. */
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemRandom } from '#shared/base/random.ts';
import { bytesToHex } from '#shared/base/bytes.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { decodeToParticipant, encodeMessage } from '#shared/protocol/codec.ts';
import {
  chainFor,
  createInvitation,
  decodeInvitation,
  encodeInvitation,
} from '#shared/protocol/invitation.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGES_PER_SECOND, PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import { helloBody } from '#shared/protocol/transcript.ts';
import { DEFAULT_CONFIG } from './config.ts';
import type { Run } from './run.ts';
import { ScriptedParticipant, type Invitation } from './testing/scripted-participant.ts';
import { playRound } from './testing/scripted-round.ts';
import {
  seen,
  startTinyCoordinator,
  tinyRun,
  tinyTask,
  type TinyCoordinator,
} from './testing/tiny-coordinator.ts';

const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

let coordinator: TinyCoordinator;
let run: Run;
let invitation: Invitation;

beforeAll(async () => {
  coordinator = await startTinyCoordinator();
});
afterAll(() => coordinator.close());
beforeEach(async () => {
  run = await coordinator.createRun(tinyRun());
  invitation = invitationOf(run);
});

const invitationOf = ({ record }: Run): Invitation => ({
  port: coordinator.port,
  run: record.id,
  invitation: record.invitation,
});
const stranger = () => new ScriptedParticipant(invitation);
const join = () => stranger().join();
const joinAll = (count: number) => Promise.all(Array.from({ length: count }, join));

/** It is told why, and its connection is closed. */
async function expectRefusal(who: ScriptedParticipant, code: string, detail: RegExp): Promise<void> {
  const fault = await who.next('fault');
  expect(fault).toMatchObject({ code, closing: true });
  expect(fault.detail).toMatch(detail);
  expect(await who.closed).toBe(POLICY_VIOLATION);
}

describe('joining', () => {
  it('JOIN-3: a welcome gives the task, a shard of its own and what the run asks for', async () => {
    const everyone = await joinAll(3);
    for (const { welcome } of everyone)
      expect(welcome).toMatchObject({ task: tinyTask, rounds: 1, minCohort: 3 });
    expect(new Set(everyone.map(({ welcome }) => welcome.shard.index))).toEqual(new Set([0, 1, 2]));
    expect(everyone[0]?.welcome.shard.of).toBe(3);
  });

  it('JOIN-4: one counts as here once it is ready, and all who wait are told', async () => {
    const first = await join();
    const second = stranger();
    await second.hello();
    await second.next('welcome');
    expect(run.view().live.here).toBe(1);
    second.send({ kind: 'ready', backend: 'scripted' });
    expect(await second.next('room')).toEqual({ kind: 'room', here: 2, needed: 3 });
    await seen(run, () => run.view().live.here === 2);
    await second.drop();
    await seen(run, () => run.view().live.here === 1);
    expect(first.heard.filter((kind) => kind === 'room').length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    [
      'another protocol version',
      { protocol: 1 },
      'unsupported-protocol',
      /speaks version 3; reload the page/,
    ],
    ['an unknown run', { run: 'AAAAAAAAAAAAAAAA' }, 'unknown-run', /no such run/],
    ['a run id that is none', { run: '../secrets' }, 'unknown-run', /no such run/],
    ['no chain', { chain: new Uint8Array(16) }, 'unknown-invitation', /it is cut short or spoilt/],
    [
      'an unproven identity',
      { proof: new Uint8Array(64).fill(1) },
      'bad-proof',
      /not proven on this connection/,
    ],
    [
      'somebody else’s identity',
      { participant: new Uint8Array(32).fill(1) },
      'unknown-invitation',
      /it names somebody else/,
    ],
  ] as const)(
    'JOIN-1: %s is refused, and the run goes on for the others',
    async (_, changes, code, detail) => {
      const others = await joinAll(3);
      const refused = stranger();
      await refused.hello(changes);
      await expectRefusal(refused, code, detail);
      await run.start();
      await playRound(others);
      expect(run.view().rounds[0]?.participants).toBe(3);
    },
  );

  it('JOIN-1: the invitation of another run does not open this one', async () => {
    const other = await coordinator.createRun(tinyRun());
    const refused = new ScriptedParticipant({ ...invitation, invitation: other.record.invitation });
    await refused.hello();
    await expectRefusal(
      refused,
      'unknown-invitation',
      /another admin signed it|did not sign it for this run/,
    );
  });

  it('JOIN-1: the first frame is hello', async () => {
    const hasty = stranger();
    await hasty.opened;
    hasty.send({ kind: 'ready', backend: 'scripted' });
    await expectRefusal(hasty, 'wrong-phase', /The first message was ready, not hello/);
  });

  it('JOIN-1: there is one hello a connection; one that sends a second is gone for the others', async () => {
    const [first, second] = await joinAll(2);
    if (!first) return expect.unreachable();
    first.send({
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      run: invitation.run,
      participant: first.signer.publicKey,
      chain: first.chain,
      proof: new Uint8Array(64),
      shard: null,
      resume: null,
    });
    await expectRefusal(first, 'wrong-phase', /second hello/);
    await seen(run, () => run.view().live.here === 1);
    expect(second?.heard).not.toContain('fault');
  });

  it('JOIN-2: a proof for one connection is worth nothing on another', async () => {
    const first = stranger();
    await first.opened;
    const { nonce } = await first.next('greeting');
    const body = helloBody(nonce, first.coordinatorKey, invitation.run);
    const second = new ScriptedParticipant(invitation, first.secretKey);
    await second.hello({ proof: await first.signer.sign('hello', body) });
    await expectRefusal(second, 'bad-proof', /not proven on this connection/);
    await first.drop();
  });

  it('JOIN-2: one that connects again before it was missed takes its own place, and the old connection ends', async () => {
    const first = await join();
    const again = await new ScriptedParticipant(invitation, first.secretKey).join();
    await expectRefusal(first, 'replaced', /connected again/);
    expect(run.adminView().participants.map(({ id }) => id)).toEqual([again.id]);
    expect(again.id).toBe(first.id);
  });

  it('JOIN-2: a hello that was slow on its way does not put out the connection that came after it', async () => {
    const slow = stranger();
    await slow.opened;
    const again = await new ScriptedParticipant(invitation, slow.secretKey).join();
    await slow.hello();
    await expectRefusal(slow, 'replaced', /connected again/);
    expect(run.adminView().participants.map(({ id }) => id)).toEqual([again.id]);
    expect(again.heard).not.toContain('fault');
  });

  it('INVITE-3: a personal invitation is one participant’s; another is refused, the same may come back', async () => {
    const link = (await run.invitations.personalJoinPath())?.split('#')[1] ?? expect.unreachable();
    const guest = await new ScriptedParticipant({ ...invitation, invitation: link }).join();
    const other = new ScriptedParticipant({ ...invitation, invitation: link });
    await other.hello();
    await expectRefusal(other, 'unknown-invitation', /in use by somebody else/);
    await guest.drop();
    await seen(run, () => run.view().live.here === 0);
    await new ScriptedParticipant({ ...invitation, invitation: link }, guest.secretKey).join();
  });

  it('INVITE-1: where an admin keeps the key, the coordinator’s own invitation opens nothing', async () => {
    const admin = nobleSigner(systemRandom(32));
    const kept = await coordinator.createRun(tinyRun({ adminKey: bytesToHex(admin.publicKey) }));
    expect(kept.invitations.joinPath).toBeNull();
    expect(await kept.invitations.personalJoinPath()).toBeNull();
    const refused = new ScriptedParticipant(invitationOf(kept));
    await refused.hello();
    await expectRefusal(refused, 'unknown-invitation', /another admin signed it/);
    const terms = { kind: 'open', expirySeconds: 0xffffffff, inviteSecret: systemRandom(32) } as const;
    const link = encodeInvitation(await createInvitation(admin, kept.record.id, terms));
    await new ScriptedParticipant({ ...invitationOf(kept), invitation: link }).join();
  });

  it('JOIN-3: one that lost its connection comes back with its id and keeps its shard', async () => {
    const [, , third] = await joinAll(3);
    if (!third) return expect.unreachable();
    await third.drop();
    await seen(run, () => run.view().live.here === 2);
    const again = new ScriptedParticipant(invitation, third.secretKey);
    await again.join({ shard: third.welcome.shard });
    expect(again.welcome.shard).toEqual(third.welcome.shard);
  });

  it('one that comes after the end is told how it ended', async () => {
    await run.stop();
    const late = stranger();
    await late.hello();
    expect(await late.next('finished')).toMatchObject({ outcome: 'stopped', rounds: 0 });
    expect(late.heard).toEqual(['greeting', 'finished']);
  });

  it('one that leaves is gone, and its connection closed', async () => {
    const who = await join();
    who.send({ kind: 'leave' });
    expect(await who.closed).toBe(1000);
    await seen(run, () => run.view().live.here === 0);
  });
});

describe('frames that break the rules cost their sender the connection, and nobody else anything', () => {
  const accept = encodeMessage({ kind: 'accept', sid: systemRandom(32) });

  it.each([
    ['CODEC-1: text', '{"kind":"ready"}', 'malformed', /binary/],
    ['CODEC-2: bytes that are no CBOR', Uint8Array.of(255, 254, 253), 'malformed', /CBOR/],
    ['CODEC-2: a trailing byte', Uint8Array.of(...accept, 0), 'malformed', /CBOR/],
    [
      'CODEC-3: a message of the other direction',
      encodeMessage({ kind: 'room', here: 1, needed: 1 }),
      'malformed',
      /./,
    ],
    ['CODEC-2: nothing', new Uint8Array(0), 'malformed', /CBOR/],
  ] as const)('%s', async (_, frame, code, detail) => {
    const others = await joinAll(3);
    const sender = await join();
    sender.sendRaw(frame);
    await expectRefusal(sender, code, detail);
    await run.start();
    await playRound(others);
    expect(run.view().rounds).toMatchObject([{ outcome: 'done', invited: 3 }]);
  });

  it('CODEC-4: a frame that is too long is not taken', async () => {
    const sender = await join();
    sender.sendRaw(new Uint8Array(MAX_FRAME_BYTES + 1));
    expect(await sender.closed).toBe(TOO_BIG);
    await seen(run, () => run.view().live.here === 0);
  });

  it('more messages than anybody needs', async () => {
    const sender = await join();
    // However they fall into two seconds, one of them has too many.
    for (let i = 0; i <= 2 * MAX_MESSAGES_PER_SECOND + 1; i++)
      sender.send({ kind: 'ready', backend: 'again' });
    await expectRefusal(sender, 'too-many-messages', /More than 200 messages/);
  });

  it('a message for no round that is under way is answered, and changes nothing', async () => {
    const sender = await join();
    sender.send({ kind: 'accept', sid: systemRandom(32) });
    expect(await sender.next('fault')).toMatchObject({ code: 'unknown-sid', closing: false });
    expect(run.view().live.here).toBe(1);
  });

  it('one that does not answer the close is gone all the same', async () => {
    await joinAll(2);
    // A WebSocket by hand that never closes: its hello comes from the codec, its frame's header from RFC 6455.
    const raw = connect(coordinator.port, '127.0.0.1');
    raw.write(
      `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${coordinator.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    const came = new Promise<Buffer>((resolve) => {
      let bytes = Buffer.alloc(0);
      raw.on('data', (data: Buffer) => {
        bytes = Buffer.concat([bytes, data]);
        // The answer to the upgrade, and behind it the greeting in a frame of its own.
        const start = bytes.indexOf('\r\n\r\n') + 4;
        const length = bytes[start + 1];
        if (start > 3 && length !== undefined && bytes.length >= start + 2 + length)
          resolve(bytes.subarray(start + 2, start + 2 + length));
      });
    });
    const greeting = decodeToParticipant(new Uint8Array(await came));
    if (!greeting.ok || greeting.value.kind !== 'greeting') return expect.unreachable();
    const { nonce, coordinatorKey } = greeting.value;
    const signer = nobleSigner(systemRandom(32));
    const link = decodeInvitation(run.record.invitation);
    if (!link.ok) return expect.unreachable();
    const hello = encodeMessage({
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      run: run.record.id,
      participant: signer.publicKey,
      chain: await chainFor(link.value, run.record.id, signer.publicKey),
      proof: await signer.sign('hello', helloBody(nonce, coordinatorKey, run.record.id)),
      shard: null,
      resume: null,
    });
    const frame = (payload: Uint8Array) => {
      const length =
        payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 255];
      return Buffer.concat([Uint8Array.of(0x82, ...length, 0, 0, 0, 0), payload]);
    };
    raw.write(frame(hello));
    await seen(run, () => run.adminView().participants.length === 3);
    raw.write(frame(Uint8Array.of(255)));
    await seen(run, () => run.adminView().participants.length === 2);
    expect(raw.destroyed).toBe(false);
    raw.destroy();
  });
});

describe('connections', () => {
  const refusedUpgrade = (path: string, origin?: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const socket = new WebSocket(
        `ws://127.0.0.1:${coordinator.port}${path}`,
        origin === undefined ? {} : { origin },
      );
      socket.on('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode);
      });
      socket.on('open', () => {
        socket.terminate();
        reject(new Error('It was let in.'));
      });
      socket.on('error', () => {});
    });

  it('come from pages of this origin, or from no page', async () => {
    expect(await refusedUpgrade('/ws', 'http://elsewhere.example')).toBe(403);
    expect(await refusedUpgrade('/ws', `http://127.0.0.1:${coordinator.port + 1}`)).toBe(403);
    expect(await refusedUpgrade('/ws', 'null')).toBe(403);
    await expect(refusedUpgrade('/ws', coordinator.origin)).rejects.toThrow('It was let in.');
  });

  it('are taken at one address', async () => {
    expect(await refusedUpgrade('/')).toBe(404);
    expect(await refusedUpgrade('/ws/more')).toBe(404);
  });

  it('that say nothing, or answer no ping, are closed', async () => {
    const impatient = await startTinyCoordinator({
      connection: { helloMs: 20, livenessMs: 20, graceMs: 20 },
    });
    const { record } = await impatient.createRun(tinyRun());
    const silent = new ScriptedParticipant({
      port: impatient.port,
      run: record.id,
      invitation: record.invitation,
    });
    await expectRefusal(silent, 'malformed', /No hello came in time/);
    const deaf = new ScriptedParticipant(
      { port: impatient.port, run: record.id, invitation: record.invitation },
      systemRandom(32),
      { autoPong: false },
    );
    await deaf.hello();
    expect(await deaf.closed).toBe(1006);
    await impatient.close();
    expect(DEFAULT_CONFIG.connection).toEqual({ helloMs: 10_000, livenessMs: 10_000, graceMs: 3_000 });
  });
});
