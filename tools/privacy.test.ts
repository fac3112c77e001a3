import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { answerLine, planCommand } from './privacy.ts';

function run(
  words: readonly string[],
  input = '',
): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, ['tools/privacy.ts', ...words], {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
}

const line = (group: string, inputs: object): string => JSON.stringify({ group, in: inputs });

describe('privacy eval', () => {
  it('answers lines in order, with an error in the place of each bad one', () => {
    const input = [
      line('adaptive_clip_split', { z: 4, cohort: 50, sigma_b: 2.5 }),
      'not json',
      '',
      line('adaptive_clip_split', { z: 1, cohort: 10, sigma_b: 0.5 }),
      line('magic', {}),
      '[1]',
      line('analytic_gaussian_epsilon', { sigma: 0, delta: 0.001 }),
    ].join('\n');
    const { stdout, status } = run(['eval'], `${input}\n`);
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((text): unknown => JSON.parse(text));
    expect(answers).toHaveLength(7);
    expect(answers).toMatchObject([
      { group: 'adaptive_clip_split', out: { z_delta: expect.closeTo(6.666666666666667, 12) } },
      { error: expect.stringContaining('JSON') },
      { error: expect.stringContaining('JSON') },
      { group: 'adaptive_clip_split', out: { z_delta: 'error' } },
      { group: 'magic', error: expect.stringContaining('magic') },
      { error: expect.stringContaining('group') },
      { group: 'analytic_gaussian_epsilon', out: { epsilon: 'inf' } },
    ]);
    expect(status).toBe(0);
  });

  it('takes no line for an object that it is not', () => {
    for (const text of ['null', '1', '"eval"', '{"group": 1, "in": {}}', '{"group": "laplace", "in": [1]}']) {
      expect(answerLine(text)).toHaveProperty('error');
    }
  });
});

describe('privacy plan', () => {
  it('prints a table with ε, price, noise and bytes', () => {
    const { text, status } = planCommand(['--clients', '40', '--rounds', '50', '--epsilon', '8']);
    expect(status).toBe(0);
    for (const word of ['8.00', 'Price n/h', 'Noise multiplier z', 'bytes a round', 'learn worse']) {
      expect(text).toContain(word);
    }
  });

  it('prints the same as JSON, with what would help', () => {
    const { text, status } = planCommand(['--clients', '400', '--epsilon', '8', '--json']);
    expect(status).toBe(0);
    const result: unknown = JSON.parse(text);
    expect(result).toMatchObject({
      ok: true,
      settings: { clients: 400, rounds: 50, participations: 50, minSurvivors: 267 },
      plan: { countedShares: 266, epsilon: expect.closeTo(8, 5) },
      outlook: 'learns-worse',
      advice: expect.arrayContaining([{ setting: 'rounds', value: expect.any(Number) }]),
    });
  });

  it('shows what an adaptive clip takes, or in which cohort it could be', () => {
    const { text, status } = planCommand(['--adaptive-clip', '--clients', '200']);
    expect(status).toBe(0);
    expect(text).toMatch(/Lane of the adaptive clip +±\d+ by whether/);
    expect(text).toMatch(/price in the update’s noise +σ × 1\.\d+/);
    expect(text).toContain('7850 parameters, 8192 padded, 1 extra lane');
    expect(planCommand(['--clients', '200']).text).not.toContain('adaptive');
    const small = planCommand(['--adaptive-clip', '--clients', '40']);
    expect(small.status).toBe(1);
    expect(small.text).toMatch(/Refused: clients 40 are too few.*\nNearest that works: --clients \d+/);
  });

  it('refuses a bad setting with the reason and the nearest option that works', () => {
    const { text, status } = planCommand(['--delta', '0.1']);
    expect(status).toBe(1);
    expect(text).toContain('Refused: delta 0.1');
    expect(text).toContain('--delta 0.024');
    expect(planCommand(['--epsilon', '-1']).text).toContain('Refused: epsilon -1');
    expect(planCommand(['--epsilon', '']).text).toContain('Refused: epsilon NaN');
    expect(JSON.parse(planCommand(['--min-survivors', '90', '--json']).text)).toMatchObject({
      ok: false,
      fault: { setting: 'minSurvivors', nearest: 40 },
    });
  });

  it('says which command line it does not know, and helps', () => {
    expect(run(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage') });
    expect(run(['plan', '--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--clients'),
    });
    expect(run(['plan', '--magic'])).toMatchObject({ status: 2, stderr: expect.stringContaining('--magic') });
    expect(run(['magic'])).toMatchObject({ status: 2, stderr: expect.stringContaining('magic') });
    expect(run(['groups']).stdout.trimEnd().split('\n')).toHaveLength(48);
  });
});
