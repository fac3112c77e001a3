/** The operator's log. It names runs, rounds, codes and errors; never tokens, keys, updates or data. */
import { pino } from 'pino';

export interface Logger {
  info(text: string): void;
  warn(text: string, error: unknown): void;
}

export function createLogger(level: 'silent' | 'warn' | 'info'): Logger {
  const log = pino({ level });
  return { info: (text) => log.info(text), warn: (text, error) => log.warn({ err: error }, text) };
}
