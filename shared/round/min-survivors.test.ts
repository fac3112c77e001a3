/**
 * No sum of fewer than minSurvivors, though shares would be enough to open one: noise is calibrated to minSurvivors
 * (PRIVACY.md, "h"). In cohorts of six with C = 1 four holders are enough, and five are promised.
 */
import { describe, expect, it } from 'vitest';
import * as client from './client/examples.ts';
import { step as clientStep } from './client/step.ts';
import * as coordinator from './coordinator/examples.ts';
import { begin, step } from './coordinator/step.ts';

const SIX = [0, 1, 2, 3, 4, 5];
const PROMISED = { invited: 6, minCohort: 5, minSurvivors: 5 };

describe('a tab that was promised sums of five', () => {
  const { held, maskRequest, masked, unmaskRequest, uploaded } = client;
  const shared = client.play(
    client.offered(PROMISED),
    client.trained,
    client.keyed,
    { kind: 'roster', root: client.seatOf(6).root, entries: SIX.map(client.entry) },
    { kind: 'roster-checked', seat: client.seatOf(6) },
    ...client.seatOf(6).neighbours.map(held),
  );

  it('MASK-1: masks for no four', () => {
    expect(clientStep(shared.state, maskRequest(0, 1, 2, 3))).toMatchObject({
      state: { kind: 'left', why: 'mask-refused' },
      effects: client.REFUSE,
    });
    expect(clientStep(shared.state, maskRequest(0, 1, 2, 3, 4)).state.kind).toBe('masking');
  });

  it('CONFIRM-1: opens no sum of four', () => {
    const submitted = client.play(shared, maskRequest(...SIX), masked, uploaded);
    expect(clientStep(submitted.state, unmaskRequest(0, 1, 2, 3))).toMatchObject({
      state: { kind: 'left', why: 'unmask-refused', revealed: false },
      effects: client.REFUSE,
    });
    expect(clientStep(submitted.state, unmaskRequest(0, 1, 2, 3, 4)).state.kind).toBe('confirming');
  });
});

describe('a coordinator that has promised sums of five', () => {
  const { accept, advertise, deadline, kinds, play, shared, uploaded } = coordinator;
  const everyone = coordinator.tabs(6);
  const plan = { ...coordinator.plan, ...PROMISED, invited: everyone };
  const masking = play(begin(plan), [
    ...everyone.map(accept),
    ...everyone.map((from) => advertise(from)),
    ...everyone.map((from) => shared(from, SIX)),
  ]);

  it('UPLOAD-4: asks nobody to open a sum of four', () => {
    const four = play(masking, everyone.slice(0, 4).map(uploaded));
    const closed = step(four.state, deadline('masking'));
    expect(closed.state).toMatchObject({ kind: 'aborted', code: 'too-few-uploaded' });
    expect(kinds(closed.effects)).not.toContain('send-unmask-request');
    expect(kinds(closed.effects)).not.toContain('persist-unmasking');
    const five = play(masking, everyone.slice(0, 5).map(uploaded));
    expect(kinds(step(five.state, deadline('masking')).effects)).toContain('send-unmask-request');
  });
});
