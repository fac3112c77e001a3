/** PeerJS's server behind the coordinator's upgrade router, over real sockets. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { bytesToHex } from '#shared/base/bytes.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { PeerSettings } from '#shared/protocol/peer-settings.ts';
import { startTinyCoordinator, type TinyCoordinator } from './testing/tiny-coordinator.ts';

const iceServers = [{ urls: 'stun:stun.example:3478' }];
let coordinator: TinyCoordinator;
let settings: PeerSettings;

beforeEach(async () => {
  coordinator = await startTinyCoordinator({ iceServers });
  settings = (await (await fetch(`${coordinator.origin}/api/peer-settings`)).json()) as PeerSettings;
});
afterEach(() => coordinator.close());

const linkId = () => bytesToHex(systemRandom(16));

interface Signal {
  readonly type: string;
  readonly src?: string;
  readonly dst?: string;
  readonly payload?: unknown;
}

class Tab {
  readonly id: string;
  readonly socket: WebSocket;
  readonly #heard: Signal[] = [];
  #wake: () => void = () => {};

  constructor(changes: { id?: string; token?: string; key?: string; path?: string; origin?: string } = {}) {
    const { id = linkId(), token = linkId(), key = settings.key, path = '/peer/peerjs', origin } = changes;
    this.id = id;
    this.socket = new WebSocket(
      `ws://127.0.0.1:${coordinator.port}${path}?key=${key}&id=${id}&token=${token}`,
      origin === undefined ? {} : { origin },
    );
    this.socket.on('error', () => {});
    this.socket.on('message', (data: Buffer) => {
      this.#heard.push(JSON.parse(data.toString('utf8')) as Signal);
      this.#wake();
    });
  }

  static async open(changes: ConstructorParameters<typeof Tab>[0] = {}): Promise<Tab> {
    const tab = new Tab(changes);
    const { type } = await tab.next();
    if (type !== 'OPEN') throw new Error(`The tab was answered ${type}.`);
    return tab;
  }

  async next(): Promise<Signal> {
    while (this.#heard.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#heard.shift() as Signal;
  }

  send(signal: Signal | string): void {
    this.socket.send(typeof signal === 'string' ? signal : JSON.stringify(signal));
  }

  /** The status with which the upgrade was refused. */
  refused(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.socket.on('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode);
      });
      this.socket.on('open', () => reject(new Error('It was let in.')));
    });
  }
}

describe('signalling', () => {
  it('passes an offer to the tab it names, from the tab that sent it, and the answer back', async () => {
    const [one, other] = [await Tab.open(), await Tab.open()];
    const offer = { sdp: { type: 'offer', sdp: 'v=0' }, connectionId: 'dc_1' };
    // A sender cannot speak for another.
    one.send({ type: 'OFFER', src: other.id, dst: other.id, payload: offer });
    expect(await other.next()).toEqual({ type: 'OFFER', src: one.id, dst: other.id, payload: offer });
    other.send({ type: 'ANSWER', dst: one.id, payload: { connectionId: 'dc_1' } });
    expect(await one.next()).toMatchObject({ type: 'ANSWER', src: other.id });
  });

  it('takes tabs of this origin, with this coordinator’s key and random ids, at one address', async () => {
    expect(await new Tab({ origin: 'http://elsewhere.example' }).refused()).toBe(403);
    expect(await new Tab({ origin: 'null' }).refused()).toBe(403);
    expect(await new Tab({ key: 'peerjs' }).refused()).toBe(403);
    expect(await new Tab({ key: '' }).refused()).toBe(403);
    expect(await new Tab({ id: 'alice' }).refused()).toBe(400);
    expect(await new Tab({ id: linkId().toUpperCase() }).refused()).toBe(400);
    expect(await new Tab({ token: 'x' }).refused()).toBe(400);
    expect(await new Tab({ path: '/peer' }).refused()).toBe(404);
    expect(await new Tab({ path: '/peer/peerjs/more' }).refused()).toBe(404);
    expect(await new Tab({ path: '/peerjs' }).refused()).toBe(404);
    await Tab.open({ origin: coordinator.origin });
  });

  it('refuses an upgrade to what is no address', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    const asked = request({ host: '127.0.0.1', port: coordinator.port, path: '//', headers }).end();
    const [response] = (await once(asked, 'response')) as [{ statusCode: number }];
    expect(response.statusCode).toBe(400);
  });

  it('lets nobody take an id that is in use', async () => {
    const { id } = await Tab.open();
    const thief = new Tab({ id });
    expect(await thief.next()).toMatchObject({ type: 'ID-TAKEN' });
    await once(thief.socket, 'close');
  });

  it('leaves the coordinator’s own socket as it was', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${coordinator.port}/ws`);
    await once(socket, 'open');
    socket.send('text');
    const [frame] = (await once(socket, 'message')) as [Buffer, boolean];
    expect(frame.length).toBeGreaterThan(0);
    socket.terminate();
  });

  it('lists nobody, to pages of no origin', async () => {
    const { id } = await Tab.open();
    for (const path of ['/peer', `/peer/${settings.key}/peers`, '/peer/peerjs/peers']) {
      const response = await fetch(coordinator.origin + path, {
        headers: { origin: 'http://elsewhere.example' },
      });
      expect(await response.text()).not.toContain(id);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(response.headers.get('x-powered-by')).toBeNull();
    }
    expect((await fetch(`${coordinator.origin}/peer/${settings.key}/peers`)).status).toBe(401);
  });

  it('tells pages where it is and which ICE servers to use', () => {
    expect(settings).toEqual({ path: '/peer', key: expect.stringMatching(/^[0-9a-f]{16}$/), iceServers });
  });
});

describe('a tab that misbehaves', () => {
  it('and sends what cannot be read breaks nothing', async () => {
    const [one, other] = [await Tab.open(), await Tab.open()];
    for (const text of ['', 'no JSON', 'null', '[]', '{"type":"OFFER","dst":{}}', '{"type":"NEW"}'])
      one.send(text);
    one.send({ type: 'OFFER', dst: other.id });
    expect(await other.next()).toMatchObject({ type: 'OFFER', src: one.id });
  });

  it.each([
    ['a larger message than any signal', 1, 20_000, 1009],
    ['more signals than dialling takes', 5_000, 1, 1006],
  ])('and sends %s is let go', async (_what, signals, bytes, code) => {
    const tab = await Tab.open();
    const payload = 'x'.repeat(bytes);
    for (let i = 0; i < signals; i++) tab.send({ type: 'HEARTBEAT', payload });
    expect((await once(tab.socket, 'close'))[0]).toBe(code);
  });

  it('and does not read what others send it is let go', async () => {
    const deaf = await Tab.open();
    deaf.socket.pause();
    const payload = 'x'.repeat(16_000);
    const senders = await Promise.all(Array.from({ length: 8 }, () => Tab.open()));
    for (const sender of senders) {
      for (let i = 0; i < 400; i++) sender.send({ type: 'OFFER', dst: deaf.id, payload });
      // Answered by the sender itself, once all that it sent before was passed on.
      sender.send({ type: 'OFFER', dst: sender.id });
    }
    for (const sender of senders) expect((await sender.next()).type).toMatch(/OFFER|LEAVE/);
    const closed = once(deaf.socket, 'close');
    deaf.socket.resume();
    expect((await closed)[0]).toBe(1006);
  });
});

describe('the end', () => {
  it('closes the sockets of tabs', async () => {
    const tab = await Tab.open();
    const closed = once(tab.socket, 'close');
    await coordinator.close();
    expect((await closed)[0]).toBe(1006);
    coordinator = await startTinyCoordinator();
  });

  it('leaves no timer that goes on, and none keeps the process before', () => {
    const program = `
      import { createServer } from 'node:http';
      import { openSignalling } from './signalling.ts';
      const given = globalThis.setTimeout;
      let started = 0;
      const counted = (...terms) => (started++, given(...terms));
      globalThis.setTimeout = counted;
      const logger = { info() {}, warn() {} };
      const signalling = openSignalling(createServer(), { key: '0'.repeat(16), iceServers: [], logger });
      const say = (what) => console.log(what, globalThis.setTimeout === counted);
      say(started);
      // Longer than the longest of the timers' own delays.
      if (process.argv.includes('close'))
        given(() => {
          say(started > 2);
          started = 0;
          signalling.close();
          given(() => say(started), 1_500);
        }, 1_500);
    `;
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['--input-type=module-typescript', '-', ...args], {
        input: program,
        cwd: fileURLToPath(new URL('.', import.meta.url)),
        timeout: 30_000,
        encoding: 'utf8',
      });
    expect(run()).toMatchObject({ stderr: '', stdout: '2 true\n', status: 0 });
    expect(run('close')).toMatchObject({ stderr: '', stdout: '2 true\ntrue true\n0 true\n', status: 0 });
  });
});
