/** Server-sent events: what a reader gets, and what becomes of one that does not read. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import express, { type Response as StreamResponse } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AdminRunEvent, RunEvent } from '#shared/protocol/api.ts';
import { openEventStream } from './event-stream.ts';
import { ScriptedParticipant } from './testing/scripted-participant.ts';
import { startTinyCoordinator, tinyRun, type TinyCoordinator } from './testing/tiny-coordinator.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('a stream of events', () => {
  let server: Server;
  let reader: Socket;
  let response: StreamResponse;

  /** The server's end of a stream that a reader has asked for. */
  beforeEach(async () => {
    const app = express();
    const asked = new Promise<StreamResponse>((resolve) => app.get('/', (_request, given) => resolve(given)));
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    reader = connect((server.address() as AddressInfo).port, '127.0.0.1');
    reader.write(REQUEST);
    response = await asked;
  });
  afterEach(async () => {
    vi.useRealTimers();
    reader.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** What the reader has read once `text` is there. */
  async function readUntil(text: string): Promise<string> {
    let read = '';
    while (!read.includes(text)) read += String((await once(reader, 'data'))[0]);
    return read;
  }

  it('is one JSON event a message, never cached', async () => {
    const send = openEventStream(response, () => {});
    send({ kind: 'log', entry: { at: 'now', text: 'two\nlines' } });
    const read = await readUntil('lines');
    expect(read).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(read).toMatch(/Content-Type: text\/event-stream/);
    expect(read).toMatch(/Cache-Control: no-store/);
    expect(read).toContain('data: {"kind":"log","entry":{"at":"now","text":"two\\nlines"}}\n\n');
  });

  it('shows that it lives every 15 seconds, to those who watch for silence', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    openEventStream(response, () => {});
    vi.advanceTimersByTime(15_000);
    expect(await readUntil('still here')).toContain(': still here\n\n');
  });

  it('ends where its reader does not keep up, instead of waiting in memory without bound', async () => {
    reader.pause();
    const closed = new Promise<void>((resolve) => {
      const send = openEventStream(response, resolve);
      const event = { text: 'x'.repeat(65_536) };
      // Far more than the two sockets hold: it must end by the limit.
      for (let sent = 0; sent < 4_096 && !response.destroyed; sent++) send(event);
    });
    expect(response.destroyed).toBe(true);
    await closed;
  });

  it('ends with its reader, and its heartbeat with it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const closed = new Promise<void>((resolve) => openEventStream(response, resolve));
    expect(vi.getTimerCount()).toBe(1);
    reader.destroy();
    await closed;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not begun for one that left before', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    reader.destroy();
    await once(response, 'close');
    openEventStream(response, () => {})({ kind: 'log' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the streams of a run', () => {
  let coordinator: TinyCoordinator;
  let leave: AbortController;
  beforeEach(async () => {
    coordinator = await startTinyCoordinator();
    leave = new AbortController();
  });
  afterEach(async () => {
    leave.abort();
    await coordinator.close();
  });

  async function* events<Event>(path: string, cookie = ''): AsyncGenerator<Event> {
    const response = await fetch(coordinator.origin + path, { headers: { cookie }, signal: leave.signal });
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages)
        if (message.startsWith('data: ')) yield JSON.parse(message.slice(6)) as Event;
    }
  }

  /** Up to and with the first event for which `holds`. */
  async function until<Event>(stream: AsyncGenerator<Event>, holds: (event: Event) => boolean) {
    const seen: Event[] = [];
    for (;;) {
      const next = await stream.next();
      if (next.done) throw new Error(`The stream ended: ${JSON.stringify(seen)}`);
      seen.push(next.value);
      if (holds(next.value)) return seen;
    }
  }

  it('begin with a snapshot; the public one names no participant and no invitation', async () => {
    const run = await coordinator.createRun(tinyRun());
    const { id, invitation } = run.record;
    const signedIn = await fetch(`${coordinator.origin}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: coordinator.freshToken }),
    });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const open = events<RunEvent>(`/api/runs/${id}/events`);
    const admin = events<AdminRunEvent>(`/api/admin/runs/${id}/events`, cookie);
    expect((await open.next()).value).toMatchObject({ kind: 'snapshot', run: { id } });
    expect((await admin.next()).value).toMatchObject({
      kind: 'admin-snapshot',
      view: { joinPath: run.invitations.joinPath, participants: [] },
    });

    const who = await new ScriptedParticipant({
      port: coordinator.port,
      run: id,
      invitation,
    }).join();
    const adminSaw = await until(
      admin,
      (event) => event.kind === 'participants' && event.participants[0]?.status === 'waiting',
    );
    expect(adminSaw.at(-1)).toMatchObject({ participants: [{ id: who.id, shard: 0, backend: 'scripted' }] });

    await run.stop();
    const seen = await until(open, (event) => event.kind === 'ended');
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'live' }));
    expect(seen.at(-1)).toEqual({ kind: 'ended', endedBecause: 'Stopped after 0 of 1 rounds.' });
    for (const secret of [who.id, invitation]) expect(JSON.stringify(seen)).not.toContain(secret);
  });
});
