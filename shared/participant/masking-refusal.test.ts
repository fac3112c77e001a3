/** What a tab's own ledger refuses when it comes to masking: it had allowed it when the offer came, and was spent since. */
import { describe, expect, it } from 'vitest';
import type { ParticipantId, RunId, Sid } from '../base/ids.ts';
import { fail } from '../base/result.ts';
import { nobleSuite } from '../crypto/suite.ts';
import type { OwnEntry, OwnLimits, ParticipantLedger } from '../privacy/participant-ledger.ts';
import { checkedPrivacy } from '../privacy/settings.ts';
import { countedOffer } from '../round/client/privacy-policy.ts';
import { vectorWordsOf } from '../round/vector.ts';
import { parameterCount } from '../tasks/layout.ts';
import { ledgerInMemory } from './ledger-in-memory.ts';
import type { ParticipantPorts } from './ports.ts';
import { TestRound } from './testing-round.ts';
import { offerOf, signedOffer, sidOf, tinyTask, waitingTab, type TestTab } from './testing.ts';

const PARTICIPATIONS = 3;
const parameters = parameterCount(tinyTask.model);
const UNLIMITED = { epsilon: Infinity, delta: 1e-5 };
const NO_LIMITS: OwnLimits = { run: { participations: Infinity, ...UNLIMITED }, origin: UNLIMITED };

function noisyOffer(rounds = PARTICIPATIONS, attempt = 1) {
  const settings = { mode: 'distributed', clipNorm: 1, bits: 20, epsilon: 4, delta: 1e-5 } as const;
  const run = { clients: 4, rounds, minSurvivors: 3, accomplices: 1, parameters, lanes: [] };
  const checked = checkedPrivacy(settings, run);
  if (!checked.ok || checked.value === null) return expect.unreachable('there is noise');
  return offerOf({ attempt, privacy: checked.value, vectorWords: vectorWordsOf(checked.value, parameters) });
}

/** A suite that counts the streams it makes: masks and noise are made of nothing else. */
function countingSuite() {
  const suite = {
    ...nobleSuite,
    streams: 0,
    prg: {
      accumulate: (...given: Parameters<typeof nobleSuite.prg.accumulate>) => {
        suite.streams += given[1].length;
        nobleSuite.prg.accumulate(...given);
      },
    },
  };
  return suite;
}

interface Spending {
  /** What happens to the profile's ledger between the offer and the masking. */
  spend(ledger: ParticipantLedger, self: ParticipantId): Promise<unknown>;
  /** How the ledger of the port differs. */
  port?(ledger: ParticipantLedger): ParticipantLedger;
}

const entryOf = (self: ParticipantId, digit: string, change: Partial<OwnEntry> = {}): OwnEntry => ({
  run: noisyOffer().run as RunId,
  client: self,
  sid: digit.repeat(64) as Sid,
  mechanism: countedOffer(noisyOffer()),
  ...change,
});

const spendings: [string, Spending, RegExp][] = [
  [
    'the rounds of this run',
    {
      spend: async (ledger, self) => {
        for (let i = 0; i < PARTICIPATIONS; i++) await ledger.enter(entryOf(self, String(i)), NO_LIMITS);
      },
    },
    /taken part in this run as often as the run allows/,
  ],
  [
    'the ε of this run',
    {
      // Of a run of one round: less noise, so that the caps of three rounds are passed before the third.
      spend: async (ledger, self) => {
        const mechanism = countedOffer(noisyOffer(1));
        await ledger.enter(entryOf(self, '1', { mechanism }), NO_LIMITS);
      },
    },
    /pass the privacy budget of this run/,
  ],
  [
    'the person’s own ε, in a run of another tab',
    {
      spend: (ledger) => {
        const client = 'f'.repeat(64) as ParticipantId;
        return ledger.enter(entryOf(client, '1', { run: 'BBBBBBBBBBBBBBBB' as RunId }), NO_LIMITS);
      },
      port: (ledger) => ({
        ...ledger,
        enter: (entry, limits) => ledger.enter(entry, { ...limits, origin: { epsilon: 1, delta: 1e-5 } }),
      }),
    },
    /own privacy limit, over all runs/,
  ],
  [
    'nothing, but it cannot be written any more',
    {
      spend: async () => {},
      port: (ledger) => ({ ...ledger, enter: async () => fail('storage') }),
    },
    /could not count its participation/,
  ],
];

/** From the offer to the mask-request, with the ledger spent in between. */
async function askedToMask({ spend, port = (ledger) => ledger }: Spending) {
  const ledger = ledgerInMemory();
  const suite = countingSuite();
  const changes: Partial<ParticipantPorts> = { ledger: port(ledger), suite };
  const tab = await waitingTab(changes);
  const offer = noisyOffer();
  await tab.socket.deliver(await signedOffer(offer));
  const round = await TestRound.of(tab, offer);
  await tab.socket.deliver(await round.roster());
  await tab.socket.deliver(await round.relayed());
  const self = tab.view.participant ?? expect.unreachable('it has an identity');
  await spend(ledger, self);
  const sentBefore = tab.socket.kinds.length;
  const streamsBefore = suite.streams;
  await tab.socket.deliver(await round.maskRequest());
  await tab.clock.pass(0);
  return { tab, ledger, offer, suite, sentBefore, streamsBefore };
}

const isEntered = async (ledger: ParticipantLedger, sid: Sid): Promise<boolean> => {
  const entries = await ledger.entries();
  return entries.ok && entries.value.some((entry) => entry.sid === sid);
};

const detailOf = (tab: TestTab): string => tab.view.rounds.at(-1)?.detail ?? '';

describe('LEDGER-1: what the ledger refuses at masking', () => {
  it('would be masked and sent were nothing spent', async () => {
    const { tab, ledger, offer, suite, streamsBefore } = await askedToMask({ spend: async () => {} });
    expect(tab.socket.kinds.at(-1)).toBe('masked-ready');
    expect(suite.streams).toBeGreaterThan(streamsBefore);
    expect(await isEntered(ledger, sidOf(offer))).toBe(true);
  });

  it.each(spendings)('spent: %s; nothing is masked, and nothing leaves but a no', async (_, how, reason) => {
    const { tab, ledger, offer, suite, sentBefore, streamsBefore } = await askedToMask(how);
    expect(suite.streams).toBe(streamsBefore);
    expect(tab.socket.kinds.slice(sentBefore)).toEqual(['decline']);
    expect(tab.socket.last('decline').reason).toBe('refused');
    expect(await isEntered(ledger, sidOf(offer))).toBe(false);
    expect(tab.view.rounds).toMatchObject([{ outcome: 'left', code: 'mask-refused' }]);
    expect(detailOf(tab)).toMatch(reason);
    // Its reason is what was counted, not what was learnt, and not the others.
    expect(detailOf(tab)).not.toMatch(/too few|training|loss|example|update is|numbers/i);
    expect(tab.view.status.kind).toBe('waiting');
    expect(tab.clock.isIdle).toBe(true);
  });

  it('spent is refused by policy when the next attempt is offered, before anything is trained', async () => {
    const [, rounds] = spendings[0] ?? expect.unreachable();
    const { tab } = await askedToMask(rounds);
    await tab.socket.deliver(await signedOffer(noisyOffer(PARTICIPATIONS, 2)));
    expect(tab.socket.kinds.at(-1)).toBe('decline');
    expect(tab.socket.last('decline').reason).toBe('policy');
    expect(detailOf(tab)).toMatch(/as often as the run allows/);
  });
});
