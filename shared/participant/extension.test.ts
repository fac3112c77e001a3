/** An extension as a participant sees it: what it asks its person, what it tells, and what it refuses meanwhile. */
import { describe, expect, it } from 'vitest';
import { checkedPrivacy } from '../privacy/settings.ts';
import { vectorWordsOf } from '../round/vector.ts';
import { parameterCount } from '../tasks/layout.ts';
import type { RunTerms } from '../tasks/terms.ts';
import {
  finished,
  offerOf,
  seat,
  settle,
  signedOffer,
  testTab,
  tinyTask,
  welcomeTo,
  type TestTab,
} from './testing.ts';

const parameters = parameterCount(tinyTask.model);
function privacyOf(rounds: number, epsilon = 4) {
  const privacy = { mode: 'distributed', clipNorm: 1, bits: 20, epsilon, delta: 1e-5 } as const;
  const run = { clients: 4, rounds, minSurvivors: 3, accomplices: 1, parameters, lanes: [] };
  const checked = checkedPrivacy(privacy, run);
  if (!checked.ok || checked.value === null) return expect.unreachable('there is noise');
  return checked.value;
}
const promised = privacyOf(2);
const before: RunTerms = { rounds: 2, caps: promised.caps };
const asked: RunTerms = { rounds: 4, caps: { participations: 4, epsilon: 6, delta: 1e-5 } };
const extended = (terms = asked) => ({ kind: 'extended', terms }) as const;
const vectorWords = vectorWordsOf(promised, parameters);

/** A tab whose person agreed to `agreed`, seated. */
async function agreedTab(agreed: RunTerms | null = before): Promise<TestTab> {
  const tab = testTab({}, tinyTask, undefined, { agreed, ownLimit: { epsilon: Infinity, delta: 1e-5 } });
  tab.session.join();
  await settle();
  await seat(tab);
  return tab;
}

/** How the tab answers an offer under these caps, and why. */
async function answerTo(
  tab: TestTab,
  caps: RunTerms['caps'],
  round = 1,
  attempt = 1,
): Promise<[string, string | undefined]> {
  const privacy = caps === null ? null : { ...promised, caps };
  const words = caps === null ? vectorWordsOf(null, parameters) : vectorWords;
  await tab.socket.deliver(await signedOffer(offerOf({ privacy, round, attempt, vectorWords: words })));
  const last = tab.socket.sent.filter(({ kind }) => kind === 'accept' || kind === 'decline').at(-1);
  return [last?.kind ?? 'nothing', tab.view.rounds.at(-1)?.detail];
}

describe('an extension', () => {
  it('EXTEND-2: after a welcome the tab says what its person agreed to, before it is ready', async () => {
    const tab = await agreedTab();
    expect(tab.socket.kinds).toEqual(['hello', 'agreed', 'ready']);
    expect(tab.socket.last('agreed')).toEqual({ kind: 'agreed', terms: before, isAnswer: false });
  });

  it('EXTEND-2: is asked of the person, and nothing is said before they answer', async () => {
    const tab = await agreedTab();
    await tab.socket.deliver(extended());
    expect(tab.view.agreement).toEqual({ agreed: before, asked, keeps: false });
    expect(tab.socket.kinds).toEqual(['hello', 'agreed', 'ready']);
  });

  it('EXTEND-3: until the person agrees, offers of more are declined, and afterwards taken', async () => {
    const tab = await agreedTab();
    await tab.socket.deliver(extended());
    expect(await answerTo(tab, asked.caps)).toEqual(['decline', expect.stringMatching(/more of this tab’s/)]);
    tab.session.answerExtension(asked, true);
    expect(tab.socket.last('agreed')).toEqual({ kind: 'agreed', terms: asked, isAnswer: true });
    expect(tab.view.agreement).toEqual({ agreed: asked, asked: null, keeps: false });
    expect((await answerTo(tab, asked.caps, 3))[0]).toBe('accept');
  });

  it('EXTEND-3: a coordinator that sends larger caps, or a later round, without asking is refused', async () => {
    const tab = await agreedTab();
    const { participations, epsilon, delta } = promised.caps;
    for (const [attempt, caps] of [
      { participations: participations + 2, epsilon: 6, delta },
      { participations, epsilon: epsilon + 1, delta },
      { participations, epsilon, delta: 2 * delta },
      null,
    ].entries())
      expect(await answerTo(tab, caps, 1, attempt + 1)).toEqual([
        'decline',
        expect.stringMatching(/more of this tab’s/),
      ]);
    expect(await answerTo(tab, promised.caps, 3)).toEqual([
      'decline',
      expect.stringMatching(/round 3; this tab has agreed to 2 rounds/),
    ]);
    expect((await answerTo(tab, promised.caps, 2))[0]).toBe('accept');
  });

  it('EXTEND-3: without noise, rounds beyond those that were agreed to are declined', async () => {
    const tab = await agreedTab({ rounds: 2, caps: null });
    expect((await answerTo(tab, null, 3))[0]).toBe('decline');
    await tab.socket.deliver(extended({ rounds: 5, caps: null }));
    tab.session.answerExtension({ rounds: 5, caps: null }, true);
    expect((await answerTo(tab, null, 3, 2))[0]).toBe('accept');
  });

  it('EXTEND-2: who keeps to their terms says so once, is not asked again, and may change their mind', async () => {
    const tab = await agreedTab();
    await tab.socket.deliver(extended());
    tab.session.answerExtension(asked, false);
    expect(tab.view.agreement).toEqual({ agreed: before, asked, keeps: true });
    expect(tab.socket.last('agreed')).toEqual({ kind: 'agreed', terms: before, isAnswer: true });
    await tab.socket.deliver(extended());
    expect(tab.view.agreement.keeps).toBe(true);
    expect(tab.socket.sent.filter(({ kind }) => kind === 'agreed')).toHaveLength(3);
    tab.session.answerExtension(asked, true);
    expect(tab.view.agreement.agreed).toEqual(asked);
  });

  it('EXTEND-2: a yes is to what was shown: not to what came since', async () => {
    const tab = await agreedTab();
    await tab.socket.deliver(extended());
    const more: RunTerms = { rounds: 9, caps: { participations: 9, epsilon: 12, delta: 1e-5 } };
    await tab.socket.deliver(extended(more));
    tab.session.answerExtension(asked, true);
    expect(tab.view.agreement).toEqual({ agreed: before, asked: more, keeps: false });
  });

  it('EXTEND-2: what is agreed to already is answered without the person', async () => {
    const tab = await agreedTab(asked);
    await tab.socket.deliver(extended());
    expect(tab.view.agreement.asked).toBeNull();
    expect(tab.socket.last('agreed')).toEqual({ kind: 'agreed', terms: asked, isAnswer: true });
  });

  it.each<[string, RunTerms]>([
    ['that takes the noise away', { rounds: 4, caps: null }],
    ['with another δ', { rounds: 4, caps: { participations: 4, epsilon: 6, delta: 1e-3 } }],
    [
      'with a smaller cap beside a larger one',
      { rounds: 4, caps: { participations: 9, epsilon: 3, delta: 1e-5 } },
    ],
  ])('EXTEND-2: one %s is no extension, and not shown', async (_, terms) => {
    const tab = await agreedTab();
    await tab.socket.deliver(extended(terms));
    expect(tab.view.agreement).toEqual({ agreed: before, asked: null, keeps: false });
    expect(tab.socket.last('agreed')).toEqual({ kind: 'agreed', terms: before, isAnswer: true });
  });

  it('where nobody was asked, nobody answers', async () => {
    const tab = await agreedTab(null);
    await tab.socket.deliver(extended());
    expect(tab.socket.kinds).toEqual(['hello', 'ready']);
    expect(tab.view.agreement).toEqual({ agreed: null, asked: null, keeps: false });
  });
});

describe('after the end of a run', () => {
  it('EXTEND-4: the tab stays connected, comes back where the connection is lost, and shows the end meanwhile', async () => {
    const tab = await agreedTab();
    await tab.socket.deliver(finished);
    expect(tab.view.status.kind).toBe('finished');
    expect(tab.socket.isClosed).toBe(false);
    tab.socket.lose();
    await tab.clock.pass(500);
    expect(tab.sockets).toHaveLength(2);
    expect(tab.statuses.at(-1)).toBe('finished');
    tab.socket.open();
    await tab.socket.deliver(finished);
    await tab.clock.pass(60_000);
    expect(tab.sockets).toHaveLength(2);
  });

  it('EXTEND-4: a new welcome seats it again, and its person is asked', async () => {
    const tab = await agreedTab();
    await tab.socket.deliver(finished);
    await tab.socket.deliver(extended());
    await tab.socket.deliver(welcomeTo(tinyTask));
    expect(tab.view.status.kind).toBe('waiting');
    expect(tab.view.agreement.asked).toEqual(asked);
    tab.session.answerExtension(asked, true);
    expect((await answerTo(tab, asked.caps, 3))[0]).toBe('accept');
  });

  it('EXTEND-4: who leaves hears of nothing more, and what was shown stays', async () => {
    const tab = await agreedTab();
    await tab.socket.deliver(finished);
    tab.session.leave();
    expect(tab.socket.isClosed).toBe(true);
    expect(tab.view.status.kind).toBe('finished');
    await tab.clock.pass(60_000);
    expect(tab.sockets).toHaveLength(1);
    expect(tab.clock.isIdle).toBe(true);
  });
});
