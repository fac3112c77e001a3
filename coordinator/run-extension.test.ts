/** Extending a run, over HTTP and real sockets: who is asked, what is offered to whom, and what a restart keeps. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epsilonOfOffer } from '#shared/privacy/mechanism-epsilon.ts';
import { currentTerms } from '#shared/tasks/run-terms.ts';
import type { RunTerms } from '#shared/tasks/terms.ts';
import type { Run } from './run.ts';
import { ScriptedParticipant } from './testing/scripted-participant.ts';
import { playRound, ScriptedPart } from './testing/scripted-round.ts';
import { at, join, startRun } from './testing/started-run.ts';
import { seen, startTinyCoordinator, tinyRun, type TinyCoordinator } from './testing/tiny-coordinator.ts';

const privacy = { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: 1e-5 } as const;

let coordinator: TinyCoordinator;
beforeEach(async () => {
  coordinator = await startTinyCoordinator();
});
afterEach(() => coordinator.close());

async function extend(run: Run, asked: object): Promise<RunTerms> {
  const extended = await run.extend(asked);
  if (!extended.ok) return expect.unreachable(extended.fault.sentence);
  return currentTerms(run.record.settings);
}

const agree = (who: ScriptedParticipant, terms: RunTerms) =>
  who.send({ kind: 'agreed', terms, isAnswer: true });
const log = (run: Run) => run.view().log.map(({ text }) => text);
const offersOf = ({ heard }: ScriptedParticipant) => heard.filter((kind) => kind === 'offer').length;

describe('a run that is done', () => {
  it('EXTEND-2, EXTEND-3: goes on with those who agree, once they are enough, and with the noise it had', async () => {
    const { run, everyone } = await startRun(coordinator, 4, { rounds: 1, privacy });
    const first = await playRound(everyone);
    await Promise.all(everyone.map((who) => who.next('finished')));
    const before = currentTerms(run.record.settings);
    const terms = await extend(run, { rounds: 2 });
    for (const who of everyone) {
      expect(await who.next('welcome')).toMatchObject({ rounds: 2 });
      expect((await who.next('extended')).terms).toEqual(terms);
      who.send({ kind: 'ready', backend: 'scripted' });
    }
    expect(run.view()).toMatchObject({ endedBecause: null, live: { state: 'running', here: 0 } });
    const [keeping, ...agreeing] = everyone as [ScriptedParticipant, ...ScriptedParticipant[]];
    agree(keeping, before);
    agree(at(agreeing, 0), terms);
    agree(at(agreeing, 1), terms);
    await seen(run, () => run.view().live.here === 2);
    expect(everyone.map(offersOf)).toEqual([1, 1, 1, 1]);
    agree(at(agreeing, 2), terms);
    const second = await playRound(agreeing);
    await Promise.all(agreeing.map((who) => who.next('finished')));

    const [was, is] = [at(first.parts, 0).offer.privacy, at(second.parts, 0).offer.privacy];
    expect(is?.mechanism).toEqual(was?.mechanism);
    expect([was?.caps, is?.caps]).toEqual([before.caps, terms.caps]);
    if (is === null || is === undefined) return expect.unreachable('there is noise');
    const leadsTo = epsilonOfOffer(is.mechanism, 2, 1e-5);
    expect(is.caps.epsilon).toBeGreaterThanOrEqual(leadsTo);
    expect(run.view().live.privacy).toMatchObject({ roundsSpent: 2, spentEpsilon: leadsTo });
    expect(offersOf(keeping)).toBe(1);
    expect(log(run).filter((text) => text.startsWith('The admin extended'))).toEqual([
      expect.stringMatching(
        /from 1 to 2 rounds, for each participant from 1 to 2 of them, from ε ≤ 8 to ε ≤ 1\d/,
      ),
    ]);
    expect(log(run).filter((text) => text === 'A participant has agreed to the extension.')).toHaveLength(3);
  });

  it('EXTEND-3: ends again where too few agree, and says so', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 1, privacy });
    await playRound(everyone);
    await Promise.all(everyone.map((who) => who.next('finished')));
    const before = currentTerms(run.record.settings);
    await extend(run, { rounds: 2 });
    agree(at(everyone, 0), before);
    expect(await at(everyone, 0).next('finished')).toMatchObject({ outcome: 'stopped', rounds: 1 });
    expect(run.view().endedBecause).toMatch(
      /^Too few have agreed to more than the first 1 of 2 rounds: 2 part/,
    );
  });

  it('EXTEND-2: without noise asks as well, for rounds alone', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 1 });
    await playRound(everyone);
    await Promise.all(everyone.map((who) => who.next('finished')));
    const terms = await extend(run, { rounds: 2 });
    expect(terms).toEqual({ rounds: 2, caps: null });
    for (const who of everyone) {
      expect((await who.next('extended')).terms).toEqual(terms);
      agree(who, terms);
    }
    await playRound(everyone);
    expect(await at(everyone, 0).next('finished')).toMatchObject({ outcome: 'done', rounds: 2 });
  });

  it('EXTEND-4: one that comes after its end stays, and is seated when it is extended', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 1 });
    await playRound(everyone);
    await Promise.all(everyone.map((who) => who.next('finished')));
    const { record } = run;
    const late = new ScriptedParticipant({ ...coordinator, run: record.id, invitation: record.invitation });
    await late.hello();
    await late.next('finished');
    await extend(run, { rounds: 2 });
    expect((await late.next('welcome')).rounds).toBe(2);
    expect(late.heard).toEqual(['greeting', 'finished', 'welcome', 'extended']);
  });
});

describe('a run that is going on', () => {
  it('EXTEND-3: what was promised first is used up first', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 3, privacy });
    const before = currentTerms(run.record.settings);
    await playRound(everyone);
    const terms = await extend(run, { rounds: 4 });
    // All agree at once, and still the rounds that were promised first come first, under their caps.
    for (const who of everyone) agree(who, terms);
    for (const round of [2, 3]) {
      const { offer } = at((await playRound(everyone)).parts, 0);
      expect(offer).toMatchObject({ round, privacy: { caps: before.caps } });
    }
    const last = await playRound(everyone);
    expect(at(last.parts, 0).offer).toMatchObject({ round: 4, privacy: { caps: terms.caps } });
  });

  it('EXTEND-3: who has not agreed takes part in what was promised first, and in nothing beyond it', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 2, privacy });
    await playRound(everyone);
    const terms = await extend(run, { rounds: 3 });
    await playRound(everyone);
    await seen(run, () => run.view().rounds.length === 2);
    expect(everyone.map(offersOf)).toEqual([2, 2, 2]);
    for (const who of everyone) agree(who, terms);
    const third = await playRound(everyone);
    expect(at(third.parts, 0).offer).toMatchObject({ round: 3, privacy: { caps: terms.caps } });
  });

  it('EXTEND-2: one that was put aside for its policy is offered rounds again once it agrees to more', async () => {
    const { run, everyone } = await startRun(coordinator, 4, { rounds: 3, privacy });
    const declining = at(everyone, 0);
    const { sidBytes } = await ScriptedPart.of(declining);
    declining.send({ kind: 'decline', sid: sidBytes, reason: 'policy' });
    await playRound(everyone.slice(1));
    await playRound(everyone.slice(1));
    expect(offersOf(declining)).toBe(1);
    const terms = await extend(run, { rounds: 6 });
    for (const who of everyone) agree(who, terms);
    // What is under way goes on without it.
    await playRound(everyone.slice(1));
    await declining.next('offer');
    expect(offersOf(declining)).toBe(2);
  });

  it('EXTEND-2: who comes afterwards has agreed to all of it; who comes back says to what', async () => {
    const { run, everyone } = await startRun(coordinator, 3, { rounds: 1, privacy });
    const before = currentTerms(run.record.settings);
    await playRound(everyone);
    await Promise.all(everyone.map((who) => who.next('finished')));
    const terms = await extend(run, { rounds: 2 });
    const newcomer = await join(coordinator, run);
    expect(newcomer.heard).not.toContain('extended');
    expect(run.view().live.here).toBe(1);
    const [first] = everyone;
    await first?.drop();
    const back = await join(coordinator, run, first?.secretKey);
    back.send({ kind: 'agreed', terms: before, isAnswer: false });
    expect((await back.next('extended')).terms).toEqual(terms);
    await seen(run, () => run.view().live.here === 1);
  });
});

describe('an extension over HTTP', () => {
  const post = (path: string, body: object, cookie = '') =>
    fetch(coordinator.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    });
  async function signIn(): Promise<string> {
    const response = await post('/api/session', { token: coordinator.freshToken });
    return response.headers.get('set-cookie')?.split(';')[0] ?? '';
  }
  const answerOf = async (response: Response): Promise<[number, string]> => {
    const { error } = (await response.json()) as { error: string };
    return [response.status, error];
  };

  it('EXTEND-1: is the admin’s, of a run that was started and has not failed, and of more than it has', async () => {
    const run = await coordinator.createRun(tinyRun({ rounds: 2, privacy }));
    const path = `/api/runs/${run.record.id}/extend`;
    expect((await post(path, { rounds: 3 })).status).toBe(401);
    const cookie = await signIn();
    const asked = async (body: object) => answerOf(await post(path, body, cookie));
    expect(await asked({ rounds: 3 })).toEqual([
      409,
      expect.stringMatching(/^This run was not started yet\./),
    ]);
    await run.start();
    const settings = run.record.settings;
    const refusals: [object, RegExp][] = [
      [{ rounds: 1 }, /^rounds: rounds 1 is not a whole number from the 2 .* The nearest that works is 3\.$/],
      [{ rounds: '3' }, /^rounds: expected a number$/],
      [{ more: 3 }, /more/],
      [{ rounds: 4, participations: 5 }, /^privacy\.participations: .* The nearest that works is 4\.$/],
      [
        { rounds: 4, participations: 4, epsilon: 8 },
        /^privacy\.epsilon: .* lead to .* nearest that works is 1\d/,
      ],
    ];
    for (const [body, sentence] of refusals)
      expect(await asked(body)).toEqual([400, expect.stringMatching(sentence)]);
    expect(run.record.settings).toEqual(settings);
    expect((await post(path, { rounds: 4 }, cookie)).status).toBe(204);
    expect(run.view().settings).toMatchObject({ rounds: 4, earlier: [{ rounds: 2 }] });
    expect((await post('/api/runs/aaaaaaaaaaaaaaaa/extend', {}, cookie)).status).toBe(404);
  });
});

describe('a restart', () => {
  let dataFolder: string;
  beforeEach(() => {
    dataFolder = mkdtempSync(pathOf(tmpdir(), 'chorale-extension-'));
  });
  afterEach(() => rmSync(dataFolder, { recursive: true }));

  it('EXTEND-1: keeps the extension, its log and the noise; whoever has not agreed is asked again', async () => {
    let kept = await startTinyCoordinator({ dataFolder });
    const { run, everyone } = await startRun(kept, 3, { rounds: 1, privacy });
    const before = currentTerms(run.record.settings);
    const { parts } = await playRound(everyone);
    await Promise.all(everyone.map((who) => who.next('finished')));
    const terms = await extend(run, { rounds: 2 });
    await kept.close();

    kept = await startTinyCoordinator({ dataFolder });
    const again = kept.openRun() ?? expect.unreachable('it is stored');
    expect(again.record).toMatchObject({
      state: 'running',
      endedBecause: null,
      settings: run.record.settings,
    });
    expect(log(again)).toContainEqual(
      expect.stringMatching(/^The admin extended the run from 1 to 2 rounds/),
    );
    const back = await Promise.all(everyone.map(({ secretKey }) => join(kept, again, secretKey)));
    for (const who of back) who.send({ kind: 'agreed', terms: before, isAnswer: false });
    for (const who of back) expect((await who.next('extended')).terms).toEqual(terms);
    for (const who of back) agree(who, terms);
    const second = await playRound(back);
    expect(at(second.parts, 0).offer.privacy).toEqual({
      mechanism: at(parts, 0).offer.privacy?.mechanism,
      caps: terms.caps,
    });
    await kept.close();
  });
});
