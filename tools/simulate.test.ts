/** `npm run simulate` as a person runs it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('simulate.ts', import.meta.url));
const simulate = (...flags: string[]) =>
  spawnSync(process.execPath, [script, ...flags], { encoding: 'utf8', timeout: 120_000 });

describe('npm run simulate', { timeout: 130_000 }, () => {
  it('trains a round on real digits and prints one JSON line for it', () => {
    const { status, stdout, stderr } = simulate('--clients', '3', '--rounds', '1', '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('rror') });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const { accuracy, bytesPerTab, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      round: 1,
      participants: 3,
      loss: expect.any(Number),
      seconds: expect.any(Number),
    });
    // One epoch over the three shards reaches 0.93; guessing gets 0.1.
    expect(accuracy).toBeGreaterThan(0.9);
    // 199,211 lanes of 18 bits, and what else is said in a round.
    expect(bytesPerTab).toBeGreaterThan(448_225);
    expect(bytesPerTab).toBeLessThan(455_000);
  });

  it.each([
    [['--clients', '2'], 'clients: at least 3, since the sum of fewer would reveal an update'],
    [['--clients', 'many'], '--clients: "many" is not a whole number'],
    [['--rounds', '0'], 'rounds: at least 1'],
    [['--task', 'cifar'], 'There is no task "cifar". Known tasks: mnist, '],
    [['--fast'], "Unknown option '--fast'"],
  ])('%j is refused with the reason, and nothing on stdout', (flags, reason) => {
    const { status, stdout, stderr } = simulate(...flags);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(reason);
  });

  it('--help lists the flags', () => {
    const { status, stdout } = simulate('--help');
    expect(status).toBe(0);
    for (const flag of ['--clients', '--rounds', '--task', '--seed', '--json'])
      expect(stdout).toContain(flag);
  });
});
