/** Numbers and times as a person reads them. */

const UNITS = ['bytes', 'kB', 'MB', 'GB'] as const;

/** 1 kB is 1,000 bytes. */
export function bytesInWords(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1_000 && unit < UNITS.length - 1) [value, unit] = [value / 1_000, unit + 1];
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** With a capital, and a full stop where it has no end of its own. */
export function sentenceOf(reason: string): string {
  const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** A fraction 0..1 with one decimal; a dash where there is none. */
export const percentInWords = (fraction: number | null): string =>
  fraction === null ? '–' : `${(100 * fraction).toFixed(1)} %`;

export const lossInWords = (loss: number | null): string => (loss === null ? '–' : loss.toFixed(3));

/** Whole seconds below two minutes, whole minutes from there. */
export const secondsInWords = (seconds: number): string =>
  seconds < 120 ? plural(Math.ceil(seconds), 'second') : plural(Math.round(seconds / 60), 'minute');

/** The time of day, in the reader's own manner. */
export const timeInWords = (time: string | number): string =>
  new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
