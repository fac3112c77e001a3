import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { mnistTask } from '#shared/tasks/mnist.ts';
import { runSettings } from '#shared/tasks/run.ts';
import { fieldsOf, problemOf, settingsOf } from './run-form.ts';

describe('the new-run form', () => {
  it("as it opens, asks for the task's own training and three participants", () => {
    const settings = settingsOf(fieldsOf(mnistTask), mnistTask);
    expect(settings).toMatchObject({
      ok: true,
      value: { taskId: mnistTask.id, clients: 3, minCohort: 3, training: mnistTask.training },
    });
    if (settings.ok) expect(v.safeParse(runSettings, settings.value).success).toBe(true);
  });

  it('turns seconds into whole milliseconds', () => {
    const values = { ...fieldsOf(mnistTask), 'durationsMs.masking': 0.3 };
    expect(settingsOf(values, mnistTask)).toMatchObject({ value: { durationsMs: { masking: 300 } } });
  });

  it('asks for noise where a mode is chosen, and only then', () => {
    const values = { ...fieldsOf(mnistTask), 'privacy.epsilon': 4 };
    expect(settingsOf(values, mnistTask)).toMatchObject({ value: { privacy: { mode: 'none' } } });
    expect(settingsOf(values, mnistTask, 'local')).toMatchObject({
      value: { privacy: { mode: 'local', epsilon: 4, delta: 1e-5, clipNorm: 1 } },
    });
    const empty = { ...values, 'privacy.delta': null };
    expect(settingsOf(empty, mnistTask).ok).toBe(true);
    expect(settingsOf(empty, mnistTask, 'local')).toMatchObject({ fault: { field: 'privacy.delta' } });
  });

  it('names the first field that is empty', () => {
    const values = { ...fieldsOf(mnistTask), seed: null, 'training.epochs': null };
    expect(settingsOf(values, mnistTask)).toEqual({
      ok: false,
      fault: { field: 'seed', sentence: 'Write a number here.' },
    });
  });

  it.each([
    ['clients: at least 3, since …', 'clients', 'At least 3, since ….'],
    ['training.epochs: at least 1', 'training.epochs', 'At least 1.'],
    ['durationsMs.masking: at most an hour', 'durationsMs.masking', 'At most an hour.'],
    ['taskId: unknown', null, 'taskId: unknown'],
    ['The coordinator cannot be reached.', null, 'The coordinator cannot be reached.'],
  ])('puts "%s" at its field', (refusal, field, sentence) => {
    expect(problemOf(refusal)).toEqual({ field, sentence });
  });

  it('knows every setting that a form may get wrong', () => {
    const values = fieldsOf(mnistTask);
    // What noise needs is judged as a whole, by the plan.
    for (const field of Object.keys(values).filter((name) => !name.startsWith('privacy.'))) {
      const wrong = settingsOf({ ...values, [field]: -1 }, mnistTask);
      if (!wrong.ok) throw new Error(wrong.fault.sentence);
      const parsed = v.safeParse(runSettings, wrong.value);
      expect(parsed.success, field).toBe(false);
      expect(v.getDotPath(parsed.issues?.[0] as v.BaseIssue<unknown>)).toBe(field);
    }
  });
});
