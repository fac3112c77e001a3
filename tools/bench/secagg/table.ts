/** The suite's figures as a table for people, beside its bars and what others were measured at. */
import type { Figure } from '../figure.ts';

type Reader = (n: number, d: number, dropout: number) => string | null;

/** Measured on a machine of two cores: DISCO's secure round (d = 200k), Flower's SecAgg+ (n = k, as k + 1 here). */
const DISCO_CLIENT: Readonly<Record<number, readonly [ms: number, megabytes: number]>> = {
  5: [137, 6.4],
  10: [177, 14.4],
  20: [285, 30.4],
};
const FLOWER_CLIENT: Readonly<Record<number, number>> = { 100_000: 1_623, 1_000_000: 1_704 };
const FLOWER_SERVER_SECONDS: Readonly<Record<number, number>> = { 0: 41, 0.1: 64, 0.3: 107 };

const PEERS: Readonly<Record<string, Reader>> = {
  'client-cpu-ms': (n, d) => {
    const [disco] = d === 200_000 ? (DISCO_CLIENT[n] ?? []) : [];
    if (disco !== undefined) return `DISCO ${disco}`;
    const flower = n === 100 ? FLOWER_CLIENT[d] : undefined;
    return flower === undefined ? null : `Flower ${flower}`;
  },
  'upload-bytes': (n, d) => {
    const [, disco] = d === 200_000 ? (DISCO_CLIENT[n] ?? []) : [];
    return disco === undefined ? `Flower ${8 * d}` : `DISCO ${disco * 1e6}`;
  },
  'coordinator-cpu-ms': (n, d, dropout) => {
    const seconds = n === 100 && d === 100_000 ? FLOWER_SERVER_SECONDS[dropout] : undefined;
    return seconds === undefined ? null : `Flower ${seconds * 1_000}`;
  },
};

/** The most that a figure may be; null where no bar is set. */
function barOf({ name, params }: Figure): number | null {
  const { n, k, d, dropout, laneBits } = params;
  if (name === 'upload-bytes') return Math.floor((Number(laneBits) / 8) * Number(d) + 250 * Number(k));
  if (name === 'client-cpu-ms' && dropout === 0) {
    if (n === 100) return d === 1_000_000 ? 700 : d === 100_000 ? 200 : null;
    return n === 20 && d === 200_000 ? 50 : null;
  }
  return name === 'coordinator-cpu-ms' && n === 100 && d === 100_000 && dropout === 0.3 ? 2_000 : null;
}

/** A line a figure: its conditions, its value, its bar and whether it holds, and what a peer was measured at. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, unit, value, params } = figure;
    const [n, d, dropout] = [Number(params['n']), Number(params['d']), Number(params['dropout'])];
    const bar = barOf(figure);
    const share = name === 'coordinator-peak-bytes' ? `${(value / (n * d)).toFixed(2)} B per n·d` : null;
    return [
      name,
      String(params['runtime']),
      ...['n', 'k', 'd', 'dropout'].map((key) => String(params[key] ?? '')),
      `${value} ${unit}`,
      bar === null ? '' : `≤ ${bar} ${value <= bar ? 'holds' : 'MISSED'}`,
      share ?? PEERS[name]?.(n, d, dropout) ?? '',
    ];
  });
  const head = ['figure', 'runtime', 'n', 'k', 'd', 'dropout', 'value', 'bar', 'others'];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
