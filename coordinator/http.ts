/** Express: pages, demo data, and the API that shared/protocol/api.ts documents. */
import { join } from 'node:path';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import * as v from 'valibot';
import { isModelHash } from '#shared/base/ids.ts';
import type { ApiError } from '#shared/protocol/api.ts';
import type { Task } from '#shared/tasks/task.ts';
import { SESSION_SECONDS, type Access } from './access.ts';
import { openEventStream } from './event-stream.ts';
import type { Logger } from './logger.ts';
import { modelRoutes } from './models/routes.ts';
import type { Run } from './run.ts';
import type { Runs } from './runs.ts';
import { securityHeaders } from './security-headers.ts';
import type { Store } from './store/port.ts';
import { isSameOrigin } from './upgrades.ts';

const COOKIE = 'chorale-session';
const SIGN_IN_ATTEMPTS_PER_MINUTE = 10;
const IMMUTABLE = { immutable: true, maxAge: '1y' } as const;

export interface HttpOptions {
  readonly runs: Runs;
  readonly store: Store;
  readonly access: Access;
  readonly tasks: readonly Task[];
  readonly demoFolder: string;
  readonly pagesFolder: string | null;
  /** CSP sources of the pages' inline scripts. */
  readonly scriptHashes: readonly string[];
  readonly logger: Logger;
}

export function createHttp(options: HttpOptions): Express {
  const app = express();
  app.use(securityHeaders(options.scriptHashes));
  app.use('/api', api(options));
  app.use('/demo', express.static(options.demoFolder, { maxAge: '1h', index: false }));
  if (options.pagesFolder !== null) servePages(app, options.pagesFolder);
  app.use((_request, response) => refuse(response, 404, 'There is nothing here.'));
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) options.logger.warn('a request failed', error);
    return refuse(response, status, sentenceOf(status));
  });
  return app;
}

function servePages(app: Express, folder: string): void {
  app.use(
    '/_app/immutable',
    express.static(join(folder, '_app/immutable'), { ...IMMUTABLE, fallthrough: false }),
  );
  app.use(express.static(folder, { index: false, maxAge: 0 }));
  app.get(/^\/(admin|join\/[^/]*|runs\/[^/]*)?\/?$/, (_request, response) =>
    response.set('Cache-Control', 'no-cache').sendFile('index.html', { root: folder }),
  );
  app.use((request, response, next) => {
    if (request.method !== 'GET' || !request.accepts('html')) return next();
    // The page says in its own words that there is nothing here.
    return response.status(404).set('Cache-Control', 'no-cache').sendFile('index.html', { root: folder });
  });
}

function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ error } satisfies ApiError);
}

function sentenceOf(status: number): string {
  if (status >= 500) return 'The coordinator met an error of its own.';
  return status === 404 ? 'There is nothing here.' : 'The request cannot be read.';
}

/** Body parsers and static files carry the status of a bad request on their errors. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  return status >= 400 && status < 600 ? status : 500;
}

function sessionOf(request: Request): string | null {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? null;
}

function api(options: HttpOptions): express.Router {
  const { runs, access } = options;
  const router = express.Router();
  router.use((request, response, next) => {
    response.set('Cache-Control', 'no-store');
    if (request.method === 'GET' || isSameOrigin(request)) return next();
    return refuse(response, 403, 'This request came from a page of another origin.');
  });
  router.use(express.json({ limit: '64kb' }));
  sessionRoutes(router, access);

  const signedIn = async (request: Request): Promise<boolean> => {
    const session = sessionOf(request);
    return session !== null && (await access.isSession(session));
  };
  const admin = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (await signedIn(request)) return next();
    return refuse(response, 401, 'Sign in with the admin token first.');
  };
  const found =
    (work: (run: Run, request: Request, response: Response) => unknown) =>
    (request: Request, response: Response) => {
      const run = runs.get(String(request.params['id']));
      return run === undefined
        ? refuse(response, 404, 'There is no such run here.')
        : work(run, request, response);
    };

  router.get('/tasks', (_request, response) => void response.json(options.tasks));
  router.get('/runs', admin, (_request, response) => void response.json(runs.summaries()));
  router.post('/runs', admin, async (request, response) => {
    const created = await runs.create(request.body);
    if (created.ok) response.status(201).json(created.value.adminView());
    else refuse(response, 400, created.fault);
  });
  router.post(
    '/runs/:id/invitations',
    admin,
    found(async (run, _request, response) => {
      const joinPath = await run.invitations.personalJoinPath();
      if (joinPath !== null) response.status(201).json({ joinPath });
      else refuse(response, 409, 'The key that invites to this run is kept by its admin’s browser.');
    }),
  );
  router.post(
    '/runs/:id/start',
    admin,
    found(async (run, _request, response) => {
      if (await run.start()) response.status(204).end();
      else refuse(response, 409, 'This run was started before.');
    }),
  );
  router.post(
    '/runs/:id/stop',
    admin,
    found(async (run, _request, response) => {
      if (await run.stop()) response.status(204).end();
      else refuse(response, 409, 'This run is over.');
    }),
  );
  router.post(
    '/runs/:id/extend',
    admin,
    found(async (run, request, response) => {
      const extended = await run.extend(request.body);
      if (extended.ok) return response.status(204).end();
      const { reason, sentence } = extended.fault;
      return refuse(response, reason === 'state' ? 409 : 400, sentence);
    }),
  );
  router.get(
    '/runs/:id',
    found((run, _request, response) => response.json(run.view())),
  );
  router.get(
    '/runs/:id/events',
    found((run, _request, response) => {
      const send = openEventStream(response, () => stop());
      send({ kind: 'snapshot', run: run.view() });
      const stop = run.feed.subscribe((event) => {
        if (event.kind !== 'participants' && event.kind !== 'admin-snapshot') send(event);
      });
    }),
  );
  router.get(
    '/admin/runs/:id/events',
    admin,
    found((run, _request, response) => {
      const send = openEventStream(response, () => stop());
      send({ kind: 'admin-snapshot', view: run.adminView() });
      const stop = run.feed.subscribe(send);
    }),
  );
  modelRoutes(router, { store: options.store, tasks: options.tasks, admin });
  router.get('/models/:hash', async (request, response) => {
    const hash = request.params.hash;
    const bytes = isModelHash(hash) ? await options.store.model(hash) : null;
    if (bytes === null) return refuse(response, 404, 'There is no model of that hash here.');
    response
      .set({
        'Content-Type': 'application/octet-stream',
        'Cache-Control': 'public, max-age=31536000, immutable',
      })
      .end(bytes);
  });
  router.use((_request, response) => refuse(response, 404, 'The API has no such address.'));
  return router;
}

function sessionRoutes(router: express.Router, access: Access): void {
  const attempts = new RateLimiterMemory({ points: SIGN_IN_ATTEMPTS_PER_MINUTE, duration: 60 });
  const credentials = v.strictObject({ token: v.pipe(v.string(), v.maxLength(200)) });
  const cookie = (value: string, seconds: number) =>
    `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;

  router.get('/session', async (request, response) => {
    const session = sessionOf(request);
    response.json({ signedIn: session !== null && (await access.isSession(session)) });
  });
  router.post('/session', async (request, response) => {
    const parsed = v.safeParse(credentials, request.body);
    if (!parsed.success) return refuse(response, 400, 'token: expected the admin token as text');
    try {
      await attempts.consume(request.ip ?? 'unknown');
    } catch {
      return refuse(response, 429, 'Too many attempts to sign in; wait a minute and try again.');
    }
    const session = await access.signIn(parsed.output.token.trim());
    if (session === null)
      return refuse(
        response,
        401,
        'This is not the admin token. It was printed when the coordinator was first started.',
      );
    response.set('Set-Cookie', cookie(session, SESSION_SECONDS)).status(204).end();
  });
  router.delete('/session', async (request, response) => {
    const session = sessionOf(request);
    if (session !== null) await access.signOut(session);
    response.set('Set-Cookie', cookie('', 0)).status(204).end();
  });
}
