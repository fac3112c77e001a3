/** Follows a run of an embedded coordinator: until its participants are here, and to its end. */
import type { Run } from '../coordinator/run.ts';
import { reportOf, type Reporter } from './report.ts';

/**
 * Reports each round once it is evaluated, in order. Resolves when the run is over and every committed round is
 * reported; rejects where the run did not finish.
 */
export function followRun(run: Run, reporter: Reporter): Promise<void> {
  return new Promise((resolve, reject) => {
    let reported = 0;
    const look = () => {
      const view = run.view();
      const done = view.rounds.filter((round) => round.outcome === 'done');
      for (const report of done.slice(reported).map(reportOf)) {
        if (report === null) return;
        reporter.round(report);
        reported++;
      }
      const { state } = view.live;
      if (state === 'waiting' || state === 'running') return;
      stop();
      if (state === 'done') resolve();
      else reject(new Error(view.endedBecause ?? `The run ended: ${state}.`));
    };
    const stop = run.feed.subscribe((event) => {
      if (event.kind === 'log' && event.entry.text.includes('aborted')) reporter.say(event.entry.text);
      look();
    });
    look();
  });
}

/** Resolves when everyone is here, or when it has waited for `longestMs`. */
export function gathered(run: Run, longestMs: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      const { here, needed } = run.view().live;
      if (here >= needed) done();
    };
    // Whoever waits for this waits for participants, too: alone it keeps no process up.
    const timer = setTimeout(() => done(), longestMs).unref();
    const stop = run.feed.subscribe(look);
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    look();
  });
}
