/** Rosters that a malicious coordinator may make up, sent to real sessions, and what comes of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { DURATION_MS } from '#shared/protocol/limits.ts';
import type { Advertise } from '#shared/protocol/messages/directions.ts';
import { advertiseBody } from '#shared/protocol/transcript.ts';
import { HostileCoordinator } from './testing/hostile-coordinator.ts';
import { expectLeft, hasSent, joined } from './testing/hostile-outcomes.ts';
import { HostileRound, concat, entryOf } from './testing/hostile-round.ts';
import { HostileTab } from './testing/hostile-tab.ts';

let coordinator: HostileCoordinator;
beforeAll(async () => {
  coordinator = await HostileCoordinator.start();
});
afterAll(() => coordinator.close());

/** In the complete graph of four, t = 3. */
const beginOfFour = async () => HostileRound.begin(coordinator, await joined(coordinator, 4));

describe('ROSTER-2: a roster that is none is left before anything is shared', () => {
  type Lie = (round: HostileRound, tab: number) => readonly Uint8Array[];
  const lies: readonly (readonly [string, Lie, RegExp])[] = [
    [
      'lacks the tab',
      ({ entries }, tab) => entries.filter((_, index) => index !== tab),
      /lacks this participant and its keys/,
    ],
    [
      'names the tab with other keys',
      ({ entries }, tab) =>
        entries.map((entry, index) =>
          index === tab ? concat([entry.subarray(0, 32), systemRandom(32)]) : entry,
        ),
      /lacks this participant and its keys/,
    ],
    [
      'names somebody twice',
      ({ entries }, tab) => {
        const kept = entries.slice(0, 2);
        return tab < 2 ? [...kept.slice(0, 1), ...kept] : [...entries.slice(2), ...entries.slice(3)];
      },
      /not sorted by participant, each once/,
    ],
    [
      'has the same keys twice',
      ({ entries }, tab) => {
        const [spoilt, source] = entries.filter((_, index) => index !== tab);
        return entries.map((entry) =>
          entry === spoilt && source ? concat([entry.subarray(0, 32), source.subarray(32)]) : entry,
        );
      },
      /the same keys twice/,
    ],
    ['is not sorted', ({ entries }) => entries.toReversed(), /not sorted by participant/],
    [
      'is of too few',
      ({ entries }, tab) => (tab < 2 ? entries.slice(0, 2) : entries.slice(2)),
      /has 2 participants; 3 are needed/,
    ],
    [
      'has more than were invited',
      ({ entries }) => [...entries, concat([new Uint8Array(32).fill(255), systemRandom(32)])],
      /has 5 participants; 4 were invited/,
    ],
  ];

  it.each(lies)('one that %s', async (_, lie, told) => {
    const round = await beginOfFour();
    for (const index of round.everyone) {
      // Its own list for each, since every tab looks at the whole of it.
      const list = concat(lie(round, index));
      round.send(await round.roster({ list }), [round.tab(index)]);
    }
    for (const tab of round.tabs) {
      await expectLeft(tab, 'roster-invalid');
      expect((await tab.outcome()).detail).toMatch(told);
      expect(hasSent(tab, 'shares')).toBe(false);
    }
  });
});

describe('ROSTER-5: a neighbour whose keys do not hold is left before anything is shared', () => {
  /** Its own identity, in place of the last tab's or beside all. */
  async function expectRefused(
    round: HostileRound,
    change: (advertises: readonly Advertise[]) => Promise<readonly Advertise[]>,
    told: RegExp,
    listed = true,
  ): Promise<void> {
    const advertises = await change(round.advertises);
    const sorted = advertises.toSorted((a, b) => Buffer.compare(a.participant, b.participant));
    const list = listed ? concat(sorted.map((advertise) => entryOf(advertise))) : round.list;
    const message = await round.roster({ list, advertises });
    // To those whose own advertise is as it was.
    const honest = round.tabs.filter((_, index) => advertises.includes(round.advertises[index] as Advertise));
    expect(honest.length).toBeGreaterThanOrEqual(3);
    round.send(message, honest);
    for (const tab of honest) {
      await expectLeft(tab, 'roster-invalid');
      expect((await tab.outcome()).detail).toMatch(told);
      expect(hasSent(tab, 'shares')).toBe(false);
    }
  }
  const withLast = (advertises: readonly Advertise[], last: Advertise) => [...advertises.slice(0, 3), last];
  const last = (advertises: readonly Advertise[]): Advertise => advertises[3] ?? expect.unreachable();

  it('the coordinator’s mask key in place of a tab’s', async () => {
    await expectRefused(
      await beginOfFour(),
      async (all) => withLast(all, { ...last(all), maskKey: new Uint8Array(32).fill(9) }),
      /not signed by it/,
    );
  });

  it('keys that the roster does not list, well signed as they are', async () => {
    await expectRefused(
      await beginOfFour(),
      async (all) => withLast(all, { ...last(all), sealKey: new Uint8Array(32).fill(9) }),
      /without the keys of a neighbour/,
      false,
    );
  });

  it('no keys at all', async () => {
    await expectRefused(await beginOfFour(), async (all) => all.slice(0, 3), /without the keys/, false);
  });

  /** As a participant that the coordinator made up would sign it. */
  async function madeUp(round: HostileRound, chain: (identity: Uint8Array) => Promise<Uint8Array>) {
    const signer = nobleSigner(systemRandom(32));
    const unsigned = { ...last(round.advertises), participant: signer.publicKey };
    const invited = { ...unsigned, chain: new Uint8Array(await chain(signer.publicKey)) };
    return { ...invited, signature: await signer.sign('advertise', advertiseBody(invited)) };
  }

  it('INVITE-2: a participant that nobody invited, with somebody else’s invitation', async () => {
    const round = await beginOfFour();
    await expectRefused(
      round,
      async (all) => withLast(all, await madeUp(round, async () => last(all).chain)),
      /not invited: of its invitation, it names somebody else/,
    );
  });

  it('INVITE-2: a participant whom another admin invited', async () => {
    const strangers = await coordinator.invite('open', nobleSigner(systemRandom(32)));
    const stranger = await HostileTab.join(coordinator, strangers);
    const round = await HostileRound.begin(coordinator, [...(await joined(coordinator, 3)), stranger]);
    round.send(await round.roster());
    for (const tab of round.tabs) {
      await expectLeft(tab, 'roster-invalid');
      expect((await tab.outcome()).detail).toMatch(/another admin signed it/);
      expect(hasSent(tab, 'shares')).toBe(false);
    }
  });

  it('INVITE-3: two identities on one personal invitation', async () => {
    const personal = await coordinator.invite('personal');
    const twins = await Promise.all([1, 2].map(() => HostileTab.join(coordinator, personal)));
    const others = await joined(coordinator, 2);
    const round = await HostileRound.begin(coordinator, [...others, ...twins]);
    round.send(await round.roster());
    for (const tab of others) {
      await expectLeft(tab, 'roster-invalid');
      expect((await tab.outcome()).detail).toMatch(/one personal invitation/);
      expect(hasSent(tab, 'shares')).toBe(false);
    }
  });
});

describe('ROSTER-4: different rosters to different tabs', () => {
  it('share and mask under different roots: what one seals the other does not open, nor believe', async () => {
    // Each half is shown the whole of it, and its roster lacks one of the others.
    const round = await HostileRound.begin(coordinator, await joined(coordinator, 5), {
      durationsMs: { ...DURATION_MS, sharing: 1_000 },
    });
    const shown = [
      { members: [0, 1, 2, 3], to: [0, 1] },
      { members: [0, 1, 2, 4], to: [2] },
    ];
    for (const { members, to } of shown) {
      const list = concat(members.map((index) => round.entries[index] ?? new Uint8Array()));
      round.send(
        await round.roster({ list }),
        to.map((index) => round.tab(index)),
      );
    }
    const [first, second, third] = round.tabs;
    if (!first || !second || !third) return expect.unreachable();
    // Roster indices are the same for the three in both lists.
    for (const [from, sender] of [first, second, third].entries())
      for (const { to, sealed } of (await sender.person.heard('shares')).shares)
        if (to < 3)
          round.tab(to).person.send({ kind: 'relayed', sid: round.sidBytes, shares: [{ from, sealed }] });
    const held = async (tab: HostileTab) => (await tab.person.heard('shared')).held;
    expect([...(await held(first)), ...(await held(second)), ...(await held(third))]).toEqual([
      0b0011, 0b0011, 0b0100,
    ]);
  });
});
