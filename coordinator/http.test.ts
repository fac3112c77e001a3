/** The API of shared/protocol/api.ts and the pages, over HTTP on loopback. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AdminRunView, RunView } from '#shared/protocol/api.ts';
import type { Run } from './run.ts';
import { startTinyCoordinator, tinyRun, tinyTask, type TinyCoordinator } from './testing/tiny-coordinator.ts';

const PAGE = '<!doctype html><title>Chorale</title><script>boot()</script>';
let pagesFolder: string;
let coordinator: TinyCoordinator;
let cookie: string;

beforeAll(() => {
  pagesFolder = mkdtempSync(join(tmpdir(), 'chorale-pages-'));
  writeFileSync(join(pagesFolder, 'index.html'), PAGE);
  writeFileSync(join(pagesFolder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  mkdirSync(join(pagesFolder, '_app/immutable'), { recursive: true });
  writeFileSync(join(pagesFolder, '_app/immutable/start.js'), 'boot()');
});
afterAll(() => rmSync(pagesFolder, { recursive: true }));

// Each test has its own, so that attempts to sign in are counted anew.
beforeEach(async () => {
  coordinator = await startTinyCoordinator({ pagesFolder });
  cookie = '';
});
afterEach(() => coordinator.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(coordinator.origin + path, { headers: { cookie, ...headers } });
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(coordinator.origin + path, {
    method,
    headers: { cookie, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : (JSON.stringify(body) ?? null),
  });
const post = (path: string, body?: unknown, headers?: Record<string, string>) =>
  send('POST', path, body, headers);

async function signIn(): Promise<string> {
  const response = await post('/api/session', { token: coordinator.freshToken });
  expect(response.status).toBe(204);
  const set = response.headers.get('set-cookie') ?? '';
  cookie = set.split(';')[0] ?? '';
  return set;
}

/** The status, and the sentence of the error. */
async function expectError(response: Response, status: number, sentence: RegExp): Promise<void> {
  expect(response.status).toBe(status);
  const body: unknown = await response.json();
  expect(body).toEqual({ error: expect.stringMatching(sentence) });
}

describe('signing in', () => {
  it('gives a cookie that scripts and other sites cannot use, for thirty days', async () => {
    expect(await (await get('/api/session')).json()).toEqual({ signedIn: false });
    expect(await signIn()).toMatch(
      /^chorale-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/,
    );
    expect(await (await get('/api/session')).json()).toEqual({ signedIn: true });
  });

  it('takes the token with blanks around it, as it is pasted', async () => {
    expect((await post('/api/session', { token: ` ${coordinator.freshToken}\n` })).status).toBe(204);
  });

  it('with a wrong token is 401', async () => {
    const response = await post('/api/session', { token: 'guess' });
    expect(response.headers.get('set-cookie')).toBeNull();
    await expectError(response, 401, /not the admin token/);
  });

  it.each([[{}], [{ token: 5 }], [{ token: 'a'.repeat(201) }], [{ token: 'x', more: 1 }], [[]]])(
    'with %j is 400',
    async (body) => expectError(await post('/api/session', body), 400, /^token: /),
  );

  it('is 429 after ten attempts in a minute, with the right token as well', async () => {
    for (let attempt = 1; attempt <= 10; attempt++)
      expect((await post('/api/session', { token: `guess ${attempt}` })).status).toBe(401);
    await expectError(await post('/api/session', { token: coordinator.freshToken }), 429, /wait a minute/);
  });

  it('ends with signing out: the old cookie is worth nothing', async () => {
    await signIn();
    const response = await send('DELETE', '/api/session');
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toMatch(/^chorale-session=; .*Max-Age=0$/);
    expect(await (await get('/api/session')).json()).toEqual({ signedIn: false });
    await expectError(await get('/api/runs'), 401, /Sign in/);
  });
});

describe('what is the admin’s', () => {
  let run: Run;
  beforeEach(async () => {
    run = await coordinator.createRun(tinyRun());
  });

  it('is 401 without a session, and nothing happens', async () => {
    const requests = [
      get('/api/runs'),
      post('/api/runs', tinyRun()),
      post(`/api/runs/${run.record.id}/start`),
      post(`/api/runs/${run.record.id}/stop`),
      get(`/api/admin/runs/${run.record.id}/events`),
      get('/api/runs', { cookie: 'chorale-session=guess' }),
    ];
    for (const response of await Promise.all(requests))
      await expectError(response, 401, /Sign in with the admin token/);
    expect(run.record.state).toBe('waiting');
  });

  it('is a list of runs, newest first, made, started and stopped by request', async () => {
    await signIn();
    const created = await post('/api/runs', tinyRun({ clients: 4 }));
    expect(created.status).toBe(201);
    const view = (await created.json()) as AdminRunView;
    expect(view.run).toMatchObject({ settings: { clients: 4, minCohort: 3, rounds: 1 }, parameters: 10 });
    expect(view.joinPath).toMatch(/^\/join\/[\w-]{16}#[\w-]{178}$/);
    expect(await (await get('/api/runs')).json()).toMatchObject([
      { id: view.run.id, state: 'waiting', rounds: 1, completed: 0, accuracy: null, title: tinyTask.title },
      { id: run.record.id },
    ]);
    const path = `/api/runs/${view.run.id}`;
    expect((await post(`${path}/start`)).status).toBe(204);
    await expectError(await post(`${path}/start`), 409, /started before/);
    expect((await post(`${path}/stop`)).status).toBe(204);
    await expectError(await post(`${path}/stop`), 409, /is over/);
    expect(await (await get(path)).json()).toMatchObject({ live: { state: 'stopped', phase: null } });
  });

  it('cannot be asked for by a page of another origin, session or not', async () => {
    await signIn();
    const origin = 'http://elsewhere.example';
    await expectError(await post('/api/runs', tinyRun(), { origin }), 403, /another origin/);
    await expectError(
      await post(`/api/runs/${run.record.id}/start`, {}, { origin: 'null' }),
      403,
      /another origin/,
    );
    expect(run.record.state).toBe('waiting');
    expect((await post('/api/runs', tinyRun(), { origin: coordinator.origin })).status).toBe(201);
  });

  it.each([
    ['RUN-1: two clients', { clients: 2 }, /^clients: at least 3/],
    ['RUN-1: a cohort of two', { minCohort: 2 }, /^minCohort: at least 3/],
    [
      'RUN-2: a cohort larger than the run',
      { clients: 3, minCohort: 4 },
      /^minCohort: 4 is more than the 3 clients/,
    ],
    ['an unknown task', { taskId: 'cifar' }, /no task "cifar". Known tasks: tiny, wide/],
    ['no rounds', { rounds: 0 }, /^rounds: at least 1/],
    ['text for a number', { rounds: '3' }, /^rounds: /],
    ['a setting that there is not', { surprise: 1 }, /surprise/],
    [
      'a learning rate of zero',
      { training: { ...tinyTask.training, learningRate: 0 } },
      /^training.learningRate: /,
    ],
  ])('refuses %s with a sentence that names it', async (_, changes, sentence) => {
    await signIn();
    await expectError(await post('/api/runs', { ...tinyRun(), ...changes }), 400, sentence);
    expect(await (await get('/api/runs')).json()).toHaveLength(1);
  });

  it.each([['{"taskId":'], ['[]'], ['"tiny"'], ['']])('refuses the body %j', async (body) => {
    await signIn();
    await expectError(await post('/api/runs', body), 400, /./);
  });

  it('refuses a body that is too long', async () => {
    await signIn();
    await expectError(await post('/api/runs', { taskId: 'a'.repeat(70_000) }), 413, /./);
  });
});

describe('what is public', () => {
  it('is a run, without its invitation', async () => {
    const run = await coordinator.createRun(tinyRun());
    const text = await (await get(`/api/runs/${run.record.id}`)).text();
    expect((JSON.parse(text) as RunView).id).toBe(run.record.id);
    expect(text).not.toContain(run.record.invitation);
  });

  it.each([
    ['/api/runs/AAAAAAAAAAAAAAAA'],
    ['/api/runs/x/events'],
    ['/api/models/x'],
    [`/api/models/${'0'.repeat(64)}`],
    ['/api/more'],
  ])('is not %s: 404', async (path) => expectError(await get(path), 404, /./));

  it('are the tasks', async () => {
    expect(await (await get('/api/tasks')).json()).toMatchObject([{ id: 'tiny' }, { id: 'wide' }]);
  });

  it('are models, by hash and for ever', async () => {
    const run = await coordinator.createRun(tinyRun());
    const model = await get(`/api/models/${run.record.modelHash}`);
    expect(model.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(model.headers.get('content-type')).toBe('application/octet-stream');
    expect((await model.arrayBuffer()).byteLength).toBe(40);
  });
});

describe('headers', () => {
  it.each([['/'], ['/api/tasks'], ['/icon.svg'], ['/nothing-here'], ['/api/runs']])(
    'of %s let the page do what it needs and nothing else',
    async (path) => {
      const { headers } = await get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none';/);
      expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval' 'sha256-[\w+/]{43}=';/);
      expect(policy).toContain("connect-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|upgrade-insecure-requests|\*/);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      // A page on a LAN is plain http.
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );
});

describe('pages', () => {
  it.each([['/'], ['/admin'], ['/join/AAAAAAAAAAAAAAAA'], ['/runs/AAAAAAAAAAAAAAAA']])(
    'are at %s, asked for anew each time',
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(await response.text()).toBe(PAGE);
    },
  );

  it('say in their own words that there is nothing at another address', async () => {
    const response = await get('/elsewhere', { accept: 'text/html' });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe(PAGE);
  });

  it('have files that are kept for ever where their name holds their hash, and 404 where there is none', async () => {
    const file = await get('/_app/immutable/start.js');
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await get('/icon.svg')).headers.get('cache-control')).toBe('public, max-age=0');
    await expectError(await get('/_app/immutable/gone.js'), 404, /./);
  });

  it('do not lead out of their folder', async () => {
    for (const path of ['/%2e%2e/secret', '/..%2fsecret', '/demo/%2e%2e/%2e%2e/secret'])
      expect((await get(path, { accept: 'application/json' })).status).toBeGreaterThanOrEqual(400);
  });

  it('have the data set beside them', async () => {
    expect(await (await get('/demo/mnist/manifest.json')).json()).toMatchObject({ dataset: 'mnist' });
  });
});
