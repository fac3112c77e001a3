/** What a malicious coordinator may do to real sessions after the roster, and what comes of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesToHex } from '#shared/base/bytes.ts';
import { systemRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { encodeOffer } from '#shared/protocol/codec.ts';
import type { ToParticipant } from '#shared/protocol/messages/directions.ts';
import { rosterBody, u2Body, u3Body } from '#shared/protocol/transcript.ts';
import { HostileCoordinator } from './testing/hostile-coordinator.ts';
import { expectDone, expectEvidence, expectLeft, hasSent, joined } from './testing/hostile-outcomes.ts';
import { HostileRound, concat, hostileOffer } from './testing/hostile-round.ts';
import { HostileTab } from './testing/hostile-tab.ts';

let coordinator: HostileCoordinator;
beforeAll(async () => {
  coordinator = await HostileCoordinator.start();
});
afterAll(() => coordinator.close());

/** In the complete graph of four, t = 3. */
const beginOfFour = async () => HostileRound.begin(coordinator, await joined(coordinator, 4));
async function uploadedByFour(): Promise<HostileRound> {
  const round = await beginOfFour();
  await round.share();
  await round.upload();
  return round;
}

it('MASK-4: without a lie, the script ends with a result for all', async () => {
  const round = await uploadedByFour();
  await round.finish();
  await expectDone(round);
});

describe('EVIDENCE-1: two values signed for one sid', () => {
  it('a second roster: all leave, with both, and reveal nothing', async () => {
    const round = await uploadedByFour();
    round.send(await round.roster({ list: concat(round.entries.slice(1)) }));
    for (const tab of round.tabs) {
      await expectLeft(tab, 'equivocation');
      await expectEvidence(tab, 'roster', round, coordinator.signer.publicKey);
      expect(hasSent(tab, 'confirm')).toBe(false);
    }
  });

  it('a second U2, without one that had been in it', async () => {
    const round = await uploadedByFour();
    round.send(await round.u2([0, 1, 2]));
    for (const tab of round.tabs) {
      await expectLeft(tab, 'equivocation');
      await expectEvidence(tab, 'u2', round, coordinator.signer.publicKey);
      expect(hasSent(tab, 'confirm')).toBe(false);
    }
  });

  it('a second U3, before anything is revealed', async () => {
    const round = await uploadedByFour();
    await round.confirm();
    round.send(await round.u3([0, 1, 2]));
    for (const tab of round.tabs) {
      await expectLeft(tab, 'equivocation');
      await expectEvidence(tab, 'u3', round, coordinator.signer.publicKey);
      expect(hasSent(tab, 'reveal')).toBe(false);
    }
  });

  it('a second U3, after the reveal: the other kind of share of one tab is never had', async () => {
    const round = await uploadedByFour();
    await round.confirm();
    await round.reveal();
    round.send(await round.u3([0, 1, 2]));
    round.send(round.confirmations([0, 1, 2]));
    for (const tab of round.tabs) {
      await expectLeft(tab, 'equivocation');
      await expectEvidence(tab, 'u3', round, coordinator.signer.publicKey);
      expect(tab.person.all('reveal')).toHaveLength(1);
    }
  });

  it('SAME-1: the same value again is no second one, whatever its signature', async () => {
    const round = await beginOfFour();
    await round.share();
    round.send(await round.roster());
    await round.upload();
    round.send(await round.u2(round.everyone));
    await round.confirm();
    round.send(await round.u3(round.everyone));
    await round.reveal();
    round.send(round.confirmations(round.everyone));
    round.send(await round.result());
    await expectDone(round);
  });
});

describe('MASK-1: a U2 that leaves a tab among too few is left before it masks', () => {
  it.each<[string, (self: number) => readonly number[], RegExp]>([
    [
      'lacks the tab',
      (self) => [0, 1, 2, 3].filter((index) => index !== self),
      /was left out before masking/,
    ],
    ['is of too few', (self) => [self, (self + 1) % 4], /Only 2 are left; a sum is opened of 3/],
    ['is of the tab alone', (self) => [self], /Only 1 are left; a sum is opened of 3/],
    ['is of nobody', () => [], /was left out before masking/],
  ])('one that %s', async (_, members, told) => {
    const round = await beginOfFour();
    await round.share();
    for (const index of round.everyone) round.send(await round.u2(members(index)), [round.tab(index)]);
    for (const tab of round.tabs) {
      await expectLeft(tab, 'mask-refused');
      expect((await tab.outcome()).detail).toMatch(told);
      expect(hasSent(tab, 'masked-ready')).toBe(false);
    }
  });

  it('one that has fewer than t holders, though it has minSurvivors', async () => {
    // Of six with C = 1, t = 4.
    const round = await HostileRound.begin(coordinator, await joined(coordinator, 6));
    await round.share();
    round.send(await round.u2([0, 1, 2]), round.tabs.slice(0, 3));
    for (const tab of round.tabs.slice(0, 3)) {
      await expectLeft(tab, 'mask-refused');
      expect((await tab.outcome()).detail).toMatch(/Only 3 of those who hold/);
      expect(hasSent(tab, 'masked-ready')).toBe(false);
    }
  });
});

describe('CONFIRM-1: a U3 that opens what it must not is neither confirmed nor revealed for', () => {
  it.each<[string, readonly number[], (self: number) => readonly number[], RegExp]>([
    ['is not within U2', [0, 1, 2], () => [0, 1, 2, 3], /not asked to mask/],
    [
      'lacks the tab',
      [0, 1, 2, 3],
      (self) => [0, 1, 2, 3].filter((index) => index !== self),
      /not in the sum/,
    ],
    ['is of too few', [0, 1, 2, 3], (self) => [self, (self + 1) % 4], /sum would be of 2/],
    ['is of the tab alone', [0, 1, 2, 3], (self) => [self], /sum would be of 1/],
  ])('one that %s', async (_, u2, members, told) => {
    const round = await beginOfFour();
    await round.share();
    await round.upload(u2);
    for (const index of u2) round.send(await round.u3(members(index)), [round.tab(index)]);
    for (const tab of u2.map((index) => round.tab(index))) {
      await expectLeft(tab, 'unmask-refused');
      expect((await tab.outcome()).detail).toMatch(told);
      expect(hasSent(tab, 'confirm')).toBe(false);
      expect(hasSent(tab, 'reveal')).toBe(false);
    }
  });

  it('one that has fewer than t holders, though it has minSurvivors', async () => {
    const round = await HostileRound.begin(coordinator, await joined(coordinator, 6));
    await round.share();
    await round.upload();
    round.send(await round.u3([0, 1, 2]), round.tabs.slice(0, 3));
    for (const tab of round.tabs.slice(0, 3)) {
      await expectLeft(tab, 'unmask-refused');
      expect((await tab.outcome()).detail).toMatch(/Only 3 of those who hold/);
      expect(hasSent(tab, 'reveal')).toBe(false);
    }
  });
});

describe('CONFIRM-3: with fewer than t signatures over its U3 a tab reveals nothing', () => {
  async function expectUnconvinced(
    forge: (round: HostileRound, self: number) => ToParticipant | Promise<ToParticipant>,
  ) {
    const round = await uploadedByFour();
    await round.confirm();
    for (const index of round.everyone) round.send(await forge(round, index), [round.tab(index)]);
    for (const tab of round.tabs) {
      await expectLeft(tab, 'too-few-confirmed');
      expect(hasSent(tab, 'reveal')).toBe(false);
    }
  }
  const other = (self: number) => (self + 1) % 4;

  it('of one other', () => expectUnconvinced((round, self) => round.confirmations([other(self)])));

  it('of one other again and again, and its own', () =>
    expectUnconvinced((round, self) => round.confirmations([other(self), other(self), self, self])));

  it('of one other under the names of the rest', () =>
    expectUnconvinced((round, self) => {
      const [signed] = round.confirmations([other(self)]).signatures;
      if (!signed) return expect.unreachable();
      const signatures = round.everyone.map((from) => ({ ...signed, from }));
      return { kind: 'confirmations', sid: round.sidBytes, signatures };
    }));

  it('of the coordinator', () =>
    expectUnconvinced(async (round) => {
      const signature = await round.sign('confirm', new Uint8Array(32));
      const signatures = round.everyone.map((from) => ({ from, signature }));
      return { kind: 'confirmations', sid: round.sidBytes, signatures };
    }));

  it('of roster members that do not exist', () =>
    expectUnconvinced((round) => {
      const { signatures } = round.confirmations(round.everyone);
      return {
        kind: 'confirmations',
        sid: round.sidBytes,
        signatures: signatures.map(({ signature }, index) => ({ from: 100 + index, signature })),
      };
    }));

  it('of those who were shown another U3', async () => {
    const round = await uploadedByFour();
    const [first, second] = [
      [0, 1, 2, 3],
      [1, 2, 3],
    ];
    round.send(await round.u3(first), [round.tab(0)]);
    round.send(
      await round.u3(second),
      [1, 2, 3].map((index) => round.tab(index)),
    );
    for (const { person } of round.tabs) await person.heard('confirm');
    // The three convince each other; the one that they would be told of as dropped reveals nothing.
    round.send(round.confirmations([1, 2, 3]));
    await expectLeft(round.tab(0), 'too-few-confirmed');
    expect(hasSent(round.tab(0), 'reveal')).toBe(false);
    for (const index of [1, 2, 3]) {
      const { shares } = await round.tab(index).person.heard('reveal');
      // One share of each, and so never both kinds of one tab from anybody.
      expect(shares.map(({ of }) => of)).toEqual([1, 2, 3, 0]);
    }
  });
});

describe('FAULT-1: what is not signed, or signed for something else, changes nothing', () => {
  const spoilt = <Message extends { signature: Uint8Array }>(message: Message): Message => ({
    ...message,
    signature: message.signature.map((byte, i) => (i === 33 ? byte ^ 1 : byte)),
  });

  it('rosters, U2, U3, results and aborts with spoilt signatures', async () => {
    const round = await beginOfFour();
    const lies = async () => {
      round.send(spoilt(await round.roster({ list: concat(round.entries.slice(1)) })));
      round.send(spoilt(await round.u2([0, 1, 2])));
      round.send(spoilt(await round.u3([0, 1, 2])));
      round.send(spoilt(await round.result()));
      round.send(spoilt(await round.abort()));
    };
    await lies();
    await round.share();
    await lies();
    await round.upload();
    await lies();
    await round.confirm();
    await lies();
    await round.reveal();
    await lies();
    round.send(await round.result());
    await expectDone(round);
  });

  it('a U2 signed as a U3, a U3 signed as a U2, and either with a key that is not the coordinator’s', async () => {
    const round = await beginOfFour();
    await round.share();
    const u2 = round.set([0, 1, 2]);
    const body = u2Body(round.sid, round.root, u2);
    const stranger = nobleSigner(systemRandom(32));
    for (const signature of [
      await round.sign('u3', body),
      await round.sign('roster', body),
      await round.sign('u2', body, stranger),
      await round.sign('u2', u2Body(round.sid, systemRandom(32), u2)),
    ])
      round.send({ kind: 'mask-request', sid: round.sidBytes, u2, signature });
    await round.upload();
    const u3 = u3Body(round.sid, round.root, round.set(round.everyone), u2);
    for (const signature of [
      await round.sign('u2', u3),
      await round.sign('u3', u3, stranger),
      await round.sign('u3', u3Body(round.sid, round.root, u2, u2)),
      await round.sign('u2', rosterBody(round.sid, round.root)),
    ])
      round.send({ kind: 'unmask-request', sid: round.sidBytes, u3: u2, signature });
    await round.finish();
    await expectDone(round);
  });

  it('what names another attempt', async () => {
    const round = await beginOfFour();
    await round.share();
    const sid = new Uint8Array(systemRandom(32));
    for (const message of [await round.u2([0, 1, 2]), await round.abort(), await round.result()])
      round.send({ ...message, sid });
    await round.upload();
    await round.finish();
    await expectDone(round);
  });
});

describe('FAULT-1: what comes at the wrong time changes nothing', () => {
  it('a turn, confirmations, U2, U3 and a result before they are due', async () => {
    const round = await beginOfFour();
    const early = async () => {
      round.send({ kind: 'upload-grant', sid: round.sidBytes, nextChunk: 0 });
      round.send({
        kind: 'confirmations',
        sid: round.sidBytes,
        signatures: [{ from: 0, signature: new Uint8Array(64) }],
      });
    };
    await early();
    round.send(await round.result());
    await round.share();
    await early();
    round.send(await round.result());
    round.send(await round.u3(round.everyone));
    await round.upload();
    round.send({
      kind: 'confirmations',
      sid: round.sidBytes,
      signatures: [{ from: 0, signature: new Uint8Array(64) }],
    });
    await round.finish();
    await expectDone(round);
    for (const { person } of round.tabs) expect(person.all('masked')).toHaveLength(1);
  });

  it('U3 for a tab that has not uploaded is refused: it would hand out shares of a sum without it', async () => {
    const round = await beginOfFour();
    await round.share();
    const request = await round.u2(round.everyone);
    round.send(request);
    for (const { person } of round.tabs) await person.heard('masked-ready');
    const u3 = round.set([0, 1, 2]);
    const signature = await round.sign('u3', u3Body(round.sid, round.root, request.u2, u3));
    const [, , , left] = round.tabs;
    if (!left) return expect.unreachable();
    round.send({ kind: 'unmask-request', sid: round.sidBytes, u3, signature }, [left]);
    await expectLeft(left, 'unmask-refused');
    expect(hasSent(left, 'masked')).toBe(false);
  });
});

describe('OFFER-3: an offer is joined once', () => {
  it('the same offer again, in the same page and after a reload', async () => {
    const round = await uploadedByFour();
    round.send(round.offered);
    await round.finish();
    await expectDone(round);
    round.send(round.offered);
    const [tab] = round.tabs;
    if (!tab) return expect.unreachable();
    tab.session.leave();
    // The browser kept the identity and the attempts; the page knows nothing else.
    const again = await HostileTab.join(coordinator, tab.invitation, tab.ports, 2);
    again.person.send(round.offered);
    const next = await HostileRound.begin(coordinator, [again, ...round.tabs.slice(1)], { attempt: 2 });
    expect(next.sid).not.toBe(round.sid);
    for (const { person } of next.tabs) {
      const accepts = person.all('accept').map(({ sid }) => bytesToHex(sid));
      expect(accepts).toEqual([round.sid, next.sid]);
    }
  });
});

describe('ABORT-4: aborted after it revealed', () => {
  it('counts as a participation; the same model again is trained, keyed and masked anew', async () => {
    const round = await uploadedByFour();
    await round.confirm();
    await round.reveal();
    round.send(await round.abort());
    for (const tab of round.tabs) expect(await tab.outcome()).toMatchObject({ outcome: 'aborted' });
    const again = await HostileRound.begin(coordinator, round.tabs, { attempt: 2 });
    await again.share();
    await again.upload();
    for (const { person, ports } of again.tabs) {
      const [before, now] = person.all('masked');
      expect(now?.bytes).not.toEqual(before?.bytes);
      const keys = person
        .all('advertise')
        .map(({ maskKey, commitment }) => bytesToHex(concat([maskKey, commitment])));
      expect(new Set(keys).size).toBe(2);
      const entries = await ports.ledger.entries();
      expect(entries.ok && entries.value.map(({ sid }) => sid)).toEqual([round.sid, again.sid]);
    }
  });

  it('without noise the same model is tried so often and no oftener', async () => {
    const everyone = await joined(coordinator, 4);
    // What a session's policy allows, and the one that uses it up.
    for (let attempt = 1; attempt <= 4; attempt++) {
      const round = await HostileRound.begin(coordinator, everyone, { attempt });
      await round.share();
      await round.upload();
      await round.confirm();
      await round.reveal();
      round.send(await round.abort());
      for (const tab of everyone) await tab.outcome(attempt);
    }
    const terms = encodeOffer(hostileOffer(4, { attempt: 5 }));
    const signature = await coordinator.signer.sign('offer', terms);
    for (const tab of everyone) {
      tab.person.send({ kind: 'offer', terms, signature });
      expect(await tab.outcome(5)).toMatchObject({ outcome: 'left', code: 'policy' });
      expect((await tab.person.heard('decline')).reason).toBe('policy');
      expect(tab.person.all('accept')).toHaveLength(4);
    }
  });
});
