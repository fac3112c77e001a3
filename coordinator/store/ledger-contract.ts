/** What every ledger keeps to (store/ledger.ts); a ledger's test runs it on each of its kinds. */
import { describe, expect, it } from 'vitest';
import type { ParticipantId, RunId, Sid } from '#shared/base/ids.ts';
import type { CountedMechanism } from '#shared/privacy/ledger.ts';
import type { Ledger, Spend } from './ledger.ts';

export const RUN = 'run-aaaaaaaaaaaa' as RunId;
const OTHER_RUN = 'run-bbbbbbbbbbbb' as RunId;

// Clients and sids of these tests are told apart by one digit.
export const clientOf = (digit: string) => digit.repeat(64) as ParticipantId;
const sidOf = (digit: string) => digit.repeat(64) as Sid;

const MECHANISM: CountedMechanism = {
  mode: 'distributed',
  noiseSteps: 53_851.648_071_345_04,
  l1: 1_080_262.413_630_105_8,
  l2: Math.sqrt(142_452_012),
  dimension: 8_192,
  countedShares: 29,
};
const PLAIN: CountedMechanism = { ...MECHANISM, mode: 'none', noiseSteps: 0, countedShares: 1 };

export const spendOf = (sid: string, clients: readonly string[], changes: Partial<Spend> = {}): Spend => ({
  run: RUN,
  sid: sidOf(sid),
  clients: clients.map(clientOf),
  mechanism: MECHANISM,
  ...changes,
});

/** `open` gives an empty ledger; the suite closes it. */
export function ledgerContract(open: () => Ledger): void {
  const withLedger = (test: (ledger: Ledger) => Promise<void>) => async () => {
    const ledger = open();
    try {
      await test(ledger);
    } finally {
      await ledger.close();
    }
  };

  describe('a ledger', () => {
    it(
      'is empty at first',
      withLedger(async (ledger) => {
        expect(await ledger.entriesOf(RUN, clientOf('a'))).toEqual([]);
        expect(await ledger.entriesByClient(RUN)).toEqual(new Map());
      }),
    );

    it(
      'gives every client of a sum an entry, number for number, and nobody else',
      withLedger(async (ledger) => {
        await ledger.commit(spendOf('1', ['a', 'b', 'c']));
        await ledger.commit(spendOf('2', ['b', 'c', 'd'], { mechanism: PLAIN }));
        const [first, second] = [
          { sid: sidOf('1'), mechanism: MECHANISM },
          { sid: sidOf('2'), mechanism: PLAIN },
        ];
        expect(await ledger.entriesOf(RUN, clientOf('a'))).toEqual([first]);
        expect(await ledger.entriesOf(RUN, clientOf('b'))).toEqual([first, second]);
        expect(await ledger.entriesOf(RUN, clientOf('e'))).toEqual([]);
        expect(await ledger.entriesByClient(RUN)).toEqual(
          new Map([
            [clientOf('a'), [first]],
            [clientOf('b'), [first, second]],
            [clientOf('c'), [first, second]],
            [clientOf('d'), [second]],
          ]),
        );
      }),
    );

    it(
      'keeps runs apart',
      withLedger(async (ledger) => {
        await ledger.commit(spendOf('1', ['a', 'b', 'c']));
        await ledger.commit(spendOf('2', ['a'], { run: OTHER_RUN }));
        expect((await ledger.entriesOf(RUN, clientOf('a'))).map(({ sid }) => sid)).toEqual([sidOf('1')]);
        expect((await ledger.entriesByClient(OTHER_RUN)).size).toBe(1);
      }),
    );

    it(
      'enters a sid once',
      withLedger(async (ledger) => {
        await ledger.commit(spendOf('1', ['a', 'b', 'c']));
        await expect(ledger.commit(spendOf('1', ['d']))).rejects.toThrow();
        expect((await ledger.entriesByClient(RUN)).size).toBe(3);
      }),
    );

    it(
      'enters all clients of a sum or none',
      withLedger(async (ledger) => {
        await expect(ledger.commit(spendOf('1', ['a', 'b', 'a']))).rejects.toThrow();
        await expect(ledger.commit(spendOf('2', []))).rejects.toThrow();
        const broken = { mechanism: { ...MECHANISM, noiseSteps: NaN } };
        await expect(ledger.commit(spendOf('3', ['a'], broken))).rejects.toThrow();
        expect(await ledger.entriesByClient(RUN)).toEqual(new Map());
        await ledger.commit(spendOf('1', ['a', 'b', 'c']));
        expect((await ledger.entriesByClient(RUN)).size).toBe(3);
      }),
    );
  });
}
