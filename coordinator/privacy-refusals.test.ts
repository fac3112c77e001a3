/**
 * Privacy settings that cannot be kept, as an admin's script sends them: refused over HTTP with the setting, the reason
 * and the nearest value that works; with that value the same request makes a run.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminRunView } from '#shared/protocol/api.ts';
import { startTinyCoordinator, type TinyCoordinator } from './testing/tiny-coordinator.ts';

let coordinator: TinyCoordinator;
let cookie: string;

beforeAll(async () => {
  coordinator = await startTinyCoordinator();
  const signedIn = await post('/api/session', JSON.stringify({ token: coordinator.freshToken }), '');
  cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
});
afterAll(() => coordinator.close());

const post = (path: string, body: string, as = cookie) =>
  fetch(coordinator.origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: as },
    body,
  });

const privacy = {
  mode: 'distributed' as string,
  clipNorm: 1,
  bits: 20,
  epsilon: 8,
  delta: 1e-5,
};
const sound = {
  taskId: 'tiny',
  clients: 10,
  minCohort: 8,
  minSurvivors: 8,
  accomplicesPerMille: 100,
  rounds: 5,
  privacy,
};
type Body = Readonly<Record<string, unknown>>;

/** `path` is a setting's, with a dot before those of the privacy. */
function withSetting(body: Body, path: string, value: unknown): Body {
  const [first = '', second] = path.split('.');
  return second === undefined
    ? { ...body, [first]: value }
    : { ...body, [first]: { ...(body[first] as Body), [second]: value } };
}

/** JSON has no ∞; a number that is too large for a double is one all the same. */
const textOf = (body: Body): string =>
  JSON.stringify(body, (_, value: unknown) =>
    value === Infinity ? '∞' : value === -Infinity ? '−∞' : value,
  ).replaceAll(/"(∞|−∞)"/g, (_, sign) => (sign === '∞' ? '1e999' : '-1e999'));

interface Answer {
  readonly status: number;
  readonly error: string;
}

async function create(body: Body): Promise<Answer> {
  const response = await post('/api/runs', textOf(body));
  const answer = (await response.json()) as Partial<{ error: string }> & Partial<AdminRunView>;
  return { status: response.status, error: answer.error ?? '' };
}

const nearestIn = (error: string): number | null => {
  const named = /The nearest that works is (\S+)\.$/.exec(error)?.[1];
  return named === undefined ? null : Number(named);
};

/** Refused, with the name of a setting; the value that is named for it makes a run. */
async function expectRepair(body: Body): Promise<string> {
  const { status, error } = await create(body);
  expect(status, error).toBe(400);
  const [path = ''] = error.split(': ');
  const nearest = nearestIn(error);
  if (nearest === null) return expect.unreachable(`nothing is said to work: ${error}`);
  const repaired = await create(withSetting(body, path, nearest));
  expect(repaired, `${error} → ${path} = ${nearest}`).toEqual({ status: 201, error: '' });
  return error;
}

type Row = [what: string, path: string, change: Body, reason: RegExp];
const noisy = (change: Body) => ({ privacy: { ...privacy, ...change } });

const ROWS: Row[] = [
  ['a clip of 0', 'privacy.clipNorm', noisy({ clipNorm: 0 }), /0 is not in/],
  ['a negative clip', 'privacy.clipNorm', noisy({ clipNorm: -1 }), /-1 is not in/],
  ['an absurd clip', 'privacy.clipNorm', noisy({ clipNorm: 1e300 }), /1e\+300 is not in/],
  ['a clip that is ∞', 'privacy.clipNorm', noisy({ clipNorm: Infinity }), /Infinity is not in/],
  ['δ = 1/n', 'privacy.delta', noisy({ delta: 0.1 }), /below 1\/clients = 0\.1/],
  ['δ above 1', 'privacy.delta', noisy({ delta: 2 }), /below 1\/clients/],
  ['δ = 0', 'privacy.delta', noisy({ delta: 0 }), /not above 0/],
  ['a δ that drawing the noise would use up', 'privacy.delta', noisy({ delta: 1e-300 }), /less than drawing/],
  ['a negative δ', 'privacy.delta', noisy({ delta: -1e-5 }), /not above 0/],
  ['ε = 0', 'privacy.epsilon', noisy({ epsilon: 0 }), /not a number above 0/],
  ['a negative ε', 'privacy.epsilon', noisy({ epsilon: -8 }), /not a number above 0/],
  ['ε = ∞ in a mode with noise', 'privacy.epsilon', noisy({ epsilon: Infinity }), /not a number above 0/],
  ['an absurd ε', 'privacy.epsilon', noisy({ epsilon: 1e300 }), /leaves of delta/],
  [
    'no participation',
    'privacy.participations',
    noisy({ participations: 0 }),
    /not a whole number in 1\.\.5/,
  ],
  [
    'half a participation',
    'privacy.participations',
    noisy({ participations: 2.5 }),
    /whole number in 1\.\.5/,
  ],
  ['more participations than rounds', 'privacy.participations', noisy({ participations: 6 }), /every round/],
  ['no bits', 'privacy.bits', noisy({ bits: 0 }), /in 8\.\.32/],
  ['more bits than a word has', 'privacy.bits', noisy({ bits: 64 }), /in 8\.\.32/],
  ['bits that are too few for the noise', 'privacy.bits', noisy({ bits: 8, epsilon: 0.1 }), /are too few/],
  ['more survivors than the cohort has', 'minSurvivors', { minSurvivors: 11 }, /more than minCohort, 8/],
  ['survivors that reveal one', 'minSurvivors', { minSurvivors: 2 }, /at least 3/],
  ['a negative number of survivors', 'minSurvivors', { minSurvivors: -3 }, /at least 3/],
  ['a fraction of a survivor', 'minSurvivors', { minSurvivors: 7.5 }, /without a fraction/],
  ['a cohort larger than the run', 'minCohort', { minCohort: 11 }, /more than the 10 clients/],
  ['fewer clients than must survive', 'clients', { clients: 2 }, /at least 3/],
  [
    'as many accomplices as survivors',
    'accomplicesPerMille',
    { accomplicesPerMille: 300, minSurvivors: 3 },
    /accomplices 3 is not a whole number in 1\.\.2/,
  ],
  [
    'more accomplices than survivors',
    'accomplicesPerMille',
    { accomplicesPerMille: 499, minSurvivors: 3 },
    /accomplices 4 is not/,
  ],
  ['no rounds', 'rounds', { rounds: 0 }, /at least 1/],
  ['a lane of the clip without room', 'clients', noisy({ adaptiveClip: true }), /clip/],
];

describe('a run that cannot keep its privacy', () => {
  it('is made of sound settings in every mode', async () => {
    for (const mode of ['distributed', 'central', 'local'])
      expect(await create({ ...sound, ...noisy({ mode }) })).toEqual({ status: 201, error: '' });
  });

  for (const mode of ['distributed', 'central', 'local'])
    it.each(ROWS)(`in mode ${mode} with %s is refused, and works with what is named`, async (...row) => {
      const [, path, change, reason] = row;
      const changed = { ...sound, ...change };
      const body = { ...changed, privacy: { ...(changed.privacy as Body), mode } };
      const error = await expectRepair(body);
      expect(error.startsWith(`${path}: `), error).toBe(true);
      expect(error).toMatch(reason);
    });

  it.each([
    ['clipNorm', null],
    ['epsilon', null],
    ['delta', 'NaN'],
    ['bits', '20'],
  ])('with privacy.%s = %j, which is no number, is refused by name', async (setting, value) => {
    const { status, error } = await create(withSetting(sound, `privacy.${setting}`, value));
    expect(status).toBe(400);
    expect(error).toBe(`privacy.${setting}: expected a number`);
  });

  it('with contradictions that no one setting ends is refused without a promise', async () => {
    const body = { ...sound, minSurvivors: 11, ...noisy({ clipNorm: 0 }) };
    expect(await create(body)).toEqual({
      status: 400,
      error: 'minSurvivors: 11 is more than minCohort, 8; no round could be opened',
    });
  });

  it('with NaN, which is no JSON, is refused', async () => {
    const body = JSON.stringify(sound).replace('"epsilon":8', '"epsilon":NaN');
    expect((await post('/api/runs', body)).status).toBe(400);
  });

  it('with any one setting out of place works with what is named', async () => {
    const anything = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer({ min: -5, max: 60 }),
      fc.constantFrom(0, -0, 1e-300, 0.5, 1e300, Infinity, -Infinity),
    );
    const numeric = ['clipNorm', 'epsilon', 'delta', 'bits', 'participations'].map(
      (name) => `privacy.${name}`,
    );
    const paths = [...numeric, 'minSurvivors', 'minCohort', 'accomplicesPerMille'];
    const base = fc.record({
      mode: fc.constantFrom('distributed', 'central', 'local'),
      clients: fc.integer({ min: 8, max: 60 }),
      rounds: fc.integer({ min: 1, max: 30 }),
      epsilon: fc.double({ min: 0.5, max: 12, noNaN: true }),
    });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        base,
        fc.constantFrom(...paths),
        anything,
        async ({ mode, clients, rounds, epsilon }, path, value) => {
          const whole = { ...sound, clients, rounds, ...noisy({ mode, epsilon }) };
          expect((await create(whole)).status).toBe(201);
          const body = withSetting(whole, path, value);
          const { status } = await create(body);
          if (status === 201) return;
          refused++;
          await expectRepair(body);
        },
      ),
      { seed: 7, numRuns: 120 },
    );
    expect(refused).toBeGreaterThan(60);
  });
});
