/** A coordinator that helps itself to more than a run promised, against real sessions over real sockets. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkedPrivacy } from '#shared/privacy/settings.ts';
import type { OfferedPrivacy } from '#shared/privacy/offered-privacy.ts';
import { encodeOffer } from '#shared/protocol/codec.ts';
import { vectorWordsOf } from '#shared/round/vector.ts';
import type { RunTerms } from '#shared/tasks/terms.ts';
import { HostileCoordinator } from './testing/hostile-coordinator.ts';
import { hostileOffer } from './testing/hostile-round.ts';
import { HostileTab, PARAMETERS } from './testing/hostile-tab.ts';

let coordinator: HostileCoordinator;
beforeAll(async () => {
  coordinator = await HostileCoordinator.start();
});
afterAll(() => coordinator.close());

function promisedNoise(): OfferedPrivacy {
  const checked = checkedPrivacy(
    { mode: 'distributed', clipNorm: 1, bits: 20, epsilon: 4, delta: 1e-5 },
    { clients: 4, rounds: 2, minSurvivors: 3, accomplices: 1, parameters: PARAMETERS, lanes: [] },
  );
  if (!checked.ok || checked.value === null) return expect.unreachable('there is noise');
  return checked.value;
}
const promised = promisedNoise();
const agreed: RunTerms = { rounds: 2, caps: promised.caps };
const more: RunTerms = { rounds: 9, caps: { participations: 9, epsilon: 20, delta: 1e-5 } };

async function agreedTab(): Promise<HostileTab> {
  const consent = { agreed, ownLimit: { epsilon: Infinity, delta: 1e-5 } };
  return HostileTab.join(coordinator, await coordinator.invite(), {}, 1, consent);
}

async function offer({ person }: HostileTab, caps: RunTerms['caps'], round = 1): Promise<void> {
  const privacy = caps === null ? null : { ...promised, caps };
  const terms = encodeOffer(
    hostileOffer(4, { round, privacy, vectorWords: vectorWordsOf(privacy, PARAMETERS) }),
  );
  const signature = await coordinator.signer.sign('offer', terms);
  person.send({ kind: 'offer', terms, signature });
}

it('EXTEND-3: larger caps, a later round or no noise, in offers that it signs, are declined before anything is trained', async () => {
  const tab = await agreedTab();
  const grabs: [RunTerms['caps'], number][] = [
    [more.caps, 1],
    [promised.caps, 3],
    [null, 1],
  ];
  for (const [i, [caps, round]] of grabs.entries()) {
    await offer(tab, caps, round);
    expect(await tab.person.heard('decline', i + 1)).toMatchObject({ reason: 'policy' });
    expect((await tab.outcome(i + 1)).outcome).toBe('left');
  }
  expect(tab.person.kinds).not.toContain('accept');
});

it('EXTEND-3: to say that the run was extended changes nothing: its person has not answered', async () => {
  const tab = await agreedTab();
  tab.person.send({ kind: 'extended', terms: more });
  await offer(tab, more.caps);
  expect(await tab.person.heard('decline')).toMatchObject({ reason: 'policy' });
  expect(tab.view.agreement).toEqual({ agreed, asked: more, keeps: false });
  tab.session.answerExtension(more, false);
  expect(await tab.person.heard('agreed', 2)).toMatchObject({ terms: agreed, isAnswer: true });
  await offer(tab, more.caps);
  await tab.person.heard('decline', 2);
  expect(tab.person.kinds).not.toContain('accept');
});

it('EXTEND-3: after their yes, what they saw is taken, and not a step more', async () => {
  const tab = await agreedTab();
  tab.person.send({ kind: 'extended', terms: more });
  await offer(tab, more.caps);
  await tab.person.heard('decline');
  tab.session.answerExtension(more, true);
  await offer(tab, { participations: 10, epsilon: 20, delta: 1e-5 });
  await tab.person.heard('decline', 2);
  await offer(tab, more.caps, 3);
  await tab.person.heard('accept');
  expect(tab.view.agreement).toEqual({ agreed: more, asked: null, keeps: false });
});
