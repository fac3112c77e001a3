import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RoundView } from '#shared/protocol/api.ts';
import { createReporter, reportOf } from './report.ts';

const report = {
  round: 3,
  participants: 8,
  accuracy: 0.97,
  loss: 0.1234567,
  bytesPerTab: 798_553,
  seconds: 6.25,
};
const view = { ...report, seconds: 6.2512, outcome: 'done' } as RoundView;

/** What `speak` writes to stdout and stderr. */
function heard(speak: () => void) {
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    });
  speak();
  vi.restoreAllMocks();
  return written;
}

describe('the report of a round', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is there once it is committed and evaluated', () => {
    expect(reportOf(view)).toEqual(report);
    expect(reportOf({ ...view, accuracy: null, loss: null })).toBeNull();
    expect(reportOf({ ...view, outcome: 'aborted' })).toBeNull();
  });

  it('as JSON is one line a round, with nothing else on stdout', () => {
    const reporter = createReporter(true);
    const { stdout, stderr } = heard(() => {
      reporter.begin();
      reporter.say('Eight tabs take part.');
      reporter.round(report);
    });
    expect(stdout).toBe(
      '{"round":3,"participants":8,"accuracy":0.97,"loss":0.1234567,"bytesPerTab":798553,"seconds":6.25}\n',
    );
    expect(stderr).toBe('Eight tabs take part.\n');
  });

  it('for people is a table whose cells stand under their names', () => {
    const reporter = createReporter(false);
    const { stdout } = heard(() => {
      reporter.begin();
      reporter.round(report);
    });
    const [head = '', row = ''] = stdout.split('\n');
    expect(head.trim().split(/\s{2,}/)).toEqual([
      'round',
      'participants',
      'accuracy',
      'loss',
      'bytes a tab',
      'seconds',
    ]);
    expect(row.trim().split(/\s+/)).toEqual(['3', '8', '0.9700', '0.1235', '798,553', '6.3']);
    expect(row).toHaveLength(head.length);
  });
});
