import { describe, expect, it } from 'vitest';
import { parameterCount } from '#shared/tasks/layout.ts';
import { mnistTask } from '#shared/tasks/mnist.ts';
import { accomplicesOf } from '#shared/tasks/run.ts';
import { changesFor, plannerStart, type PlannedRun } from './plan-transfer.ts';
import { fieldsOf } from './run-form.ts';

const plan: PlannedRun = {
  mode: 'distributed',
  adaptiveClip: false,
  clients: 40,
  rounds: 50,
  minSurvivors: 30,
  accomplices: 2,
  epsilon: 4,
  delta: 1e-6,
  clipNorm: 0.5,
  bits: 18,
  participations: 25,
};
const present = fieldsOf(mnistTask);

describe('a plan in the form', () => {
  it('changes the fields that differ, and no other', () => {
    expect(changesFor(plan, present)).toEqual({
      clients: 40,
      rounds: 50,
      minSurvivors: 30,
      minCohort: 30,
      'privacy.epsilon': 4,
      'privacy.delta': 1e-6,
      'privacy.clipNorm': 0.5,
      'privacy.bits': 18,
      'privacy.participations': 25,
    });
    expect(changesFor(plan, { ...present, ...changesFor(plan, present) })).toEqual({});
  });

  it('without noise leaves what is written about noise', () => {
    const changes = changesFor({ ...plan, mode: 'none' }, present);
    expect(Object.keys(changes).filter((field) => field.startsWith('privacy.'))).toEqual([]);
  });

  it('asks for a share of accomplices that is the plan’s count, whatever the cohort', () => {
    for (let clients = 3; clients <= 1_000; clients += 7)
      for (const accomplices of [1, 2, Math.max(1, Math.floor(clients / 3))]) {
        const changes = changesFor({ ...plan, clients, accomplices }, present);
        const { accomplicesPerMille = present.accomplicesPerMille } = changes;
        expect(accomplicesOf({ clients, accomplicesPerMille: accomplicesPerMille ?? 0 })).toBe(accomplices);
      }
  });

  it('is what the planner opens with again', () => {
    const values = { ...present, ...changesFor(plan, present) };
    const { mode, adaptiveClip, ...fields } = plan;
    expect(plannerStart(values, mnistTask, { mode, adaptiveClip })).toEqual({
      mode,
      adaptiveClip,
      ...fields,
      parameters: parameterCount(mnistTask.model),
    });
    expect(plannerStart(values, mnistTask, { mode: 'none', adaptiveClip }).mode).toBe('distributed');
  });
});
