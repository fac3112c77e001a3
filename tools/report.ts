/** How demo and simulator report rounds: a table for people, JSON lines for programs. */
import type { RoundView } from '#shared/protocol/api.ts';

/** One committed and evaluated round. */
export interface RoundReport {
  readonly round: number;
  readonly participants: number;
  /** 0..1 */
  readonly accuracy: number;
  /** Nats. */
  readonly loss: number;
  readonly bytesPerTab: number;
  readonly seconds: number;
}

/** Null while the round is not evaluated, or where it was aborted. */
export function reportOf(view: RoundView): RoundReport | null {
  const { round, participants, accuracy, loss, bytesPerTab } = view;
  if (view.outcome !== 'done' || accuracy === null || loss === null) return null;
  return { round, participants, accuracy, loss, bytesPerTab, seconds: Math.round(view.seconds * 100) / 100 };
}

const COLUMNS = ['round', 'participants', 'accuracy', 'loss', 'bytes a tab', 'seconds'] as const;
/** Wide enough for a loss of two digits. */
const MIN_WIDTH = 7;
const row = (cells: readonly string[]) =>
  `${cells.map((cell, i) => cell.padStart(Math.max(MIN_WIDTH, COLUMNS[i]?.length ?? 0))).join('  ')}\n`;

export interface Reporter {
  begin(): void;
  round(report: RoundReport): void;
  /** For people only; goes to stderr where stdout carries JSON. */
  say(text: string): void;
}

export const createReporter = (json: boolean): Reporter =>
  json
    ? {
        begin: () => {},
        round: (report) => void process.stdout.write(`${JSON.stringify(report)}\n`),
        say: (text) => void process.stderr.write(`${text}\n`),
      }
    : {
        begin: () => void process.stdout.write(row(COLUMNS)),
        round: (report) =>
          void process.stdout.write(
            row([
              String(report.round),
              String(report.participants),
              report.accuracy.toFixed(4),
              report.loss.toFixed(4),
              report.bytesPerTab.toLocaleString('en'),
              report.seconds.toFixed(1),
            ]),
          ),
        say: (text) => void process.stdout.write(`${text}\n`),
      };
