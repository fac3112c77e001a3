import { describe, expect, it } from 'vitest';
import { SentLedger } from './sent-ledger.ts';

describe('what left this tab', () => {
  it('shows consecutive messages of one kind as one row, at the time of the first', () => {
    const ledger = new SentLedger();
    ledger.record(5, 'accept', 51);
    ledger.record(6, 'masked', 100);
    ledger.record(7, 'masked', 60);
    ledger.record(8, 'accept', 51);
    expect(ledger.rows).toEqual([
      { atMs: 5, kind: 'accept', bytes: 51, to: 'coordinator', count: 1 },
      { atMs: 6, kind: 'masked', bytes: 160, to: 'coordinator', count: 2 },
      { atMs: 8, kind: 'accept', bytes: 51, to: 'coordinator', count: 1 },
    ]);
    expect(ledger.totalBytes).toBe(262);
  });

  it('keeps the newest 500 rows and counts all bytes', () => {
    const ledger = new SentLedger();
    for (let i = 0; i < 600; i++) ledger.record(i, i % 2 === 0 ? 'accept' : 'advertise', 1);
    expect(ledger.rows).toHaveLength(500);
    expect(ledger.rows[0]?.atMs).toBe(100);
    expect(ledger.totalBytes).toBe(600);
  });

  it('hands out rows that later messages do not change', () => {
    const ledger = new SentLedger();
    ledger.record(1, 'masked', 10);
    const before = ledger.rows;
    ledger.record(2, 'masked', 10);
    expect(before[0]?.bytes).toBe(10);
  });
});
