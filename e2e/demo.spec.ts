/** `npm run demo` as a person or a program runs it: a process with flags, output and an exit code. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { ROOT } from './harness/root.ts';

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const demo = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, 'tools/demo.ts'), ...args],
      { cwd: ROOT, timeout: 100_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr }),
    );
  });

test('--json prints one line of JSON a round and nothing else, and --exit ends it', async () => {
  const { code, stdout, stderr } = await demo('--exit', '--json', '--clients', '3', '--rounds', '2');
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('3 tabs take part');
  const rounds: unknown[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const round = (number: number) => ({
    round: number,
    participants: 3,
    accuracy: expect.any(Number),
    loss: expect.any(Number),
    bytesPerTab: expect.any(Number),
    seconds: expect.any(Number),
  });
  expect(rounds).toEqual([round(1), round(2)]);
  const [first, second] = rounds as { accuracy: number; bytesPerTab: number }[];
  expect(first?.accuracy).toBeGreaterThan(0.9);
  expect(second?.accuracy).toBeLessThanOrEqual(1);
  // W = 16 + ⌈log₂ 3⌉ bits a parameter and for the example count, and what little else is said in a round.
  const vectorBytes = Math.ceil((18 * 199_211) / 8);
  expect(first?.bytesPerTab).toBeGreaterThan(vectorBytes);
  expect(first?.bytesPerTab).toBeLessThan(vectorBytes * 1.02);
});

test('fewer than three clients are refused with the reason, before anything starts', async () => {
  const { code, stdout, stderr } = await demo('--clients', '2');
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('--clients: at least 3, since the sum of fewer would reveal an update');
});
