/** The form that makes a run: what it sends, and where a refusal appears. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mnistTask } from '#shared/tasks/mnist.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import type { PlannedRun } from '../state/plan-transfer.ts';
import type { PlanStart } from '../state/privacy-plan.svelte.ts';
import NewRunForm from './NewRunForm.svelte';

const mounted: Record<string, unknown>[] = [];

/** The form on the page; `answer` is what the coordinator says to each try. */
function show(
  answer: string | null,
  tasks: readonly Task[] = [mnistTask],
  more: { plan?: PlannedRun; onplan?: (start: PlanStart) => void } = {},
) {
  const created: RunSettingsInput[] = [];
  const oncreate = (settings: RunSettingsInput): Promise<string | null> => {
    created.push(settings);
    return Promise.resolve(answer);
  };
  mounted.push(mount(NewRunForm, { target: document.body, props: { tasks, oncreate, ...more } }));
  flushSync();
  return created;
}

function field(name: string): HTMLInputElement {
  const input = document.querySelector<HTMLInputElement>(`input[name="${name}"]`);
  if (input === null) throw new Error(`no field ${name}`);
  return input;
}

function write(name: string, text: string): void {
  field(name).value = text;
  field(name).dispatchEvent(new Event('input', { bubbles: true }));
}

const submit = () => document.querySelector<HTMLButtonElement>('button.primary')?.click();

/** The words that assistive technology reads for a field that is wrong. */
const wordsAt = (name: string) =>
  document.querySelector(`#${CSS.escape(field(name).getAttribute('aria-describedby') ?? 'none')}`)
    ?.textContent;

describe('the new-run form', () => {
  afterEach(async () => {
    for (const form of mounted.splice(0)) await unmount(form);
  });

  it('sends what is written in every field', async () => {
    const created = show(null);
    write('clients', '5');
    write('training.learningRate', '0.05');
    write('durationsMs.training', '30');
    submit();
    await vi.waitFor(() => expect(created).toHaveLength(1));
    expect(created[0]).toMatchObject({
      taskId: 'mnist',
      clients: 5,
      training: { ...mnistTask.training, learningRate: 0.05 },
      durationsMs: { training: 30_000 },
    });
  });

  const plan: PlannedRun = {
    mode: 'distributed',
    adaptiveClip: true,
    clients: 400,
    rounds: 20,
    minSurvivors: 300,
    accomplices: 20,
    epsilon: 4,
    delta: 1e-6,
    clipNorm: 0.5,
    bits: 22,
    participations: 10,
  };

  it('takes over a plan, and sends it', async () => {
    const created = show(null, [mnistTask], { plan, onplan: () => {} });
    expect(document.querySelector('[role="status"]')?.textContent).toContain('Filled from the plan');
    submit();
    await vi.waitFor(() => expect(created).toHaveLength(1));
    expect(created[0]).toMatchObject({
      clients: 400,
      rounds: 20,
      minCohort: 300,
      minSurvivors: 300,
      accomplicesPerMille: 50,
      privacy: {
        mode: 'distributed',
        epsilon: 4,
        delta: 1e-6,
        clipNorm: 0.5,
        bits: 22,
        participations: 10,
        adaptiveClip: true,
      },
    });
  });

  it('opens the planner with what is written', () => {
    const starts: PlanStart[] = [];
    show(null, [mnistTask], { plan, onplan: (start) => starts.push(start) });
    write('rounds', '30');
    [...document.querySelectorAll('button')]
      .find(({ textContent }) => /Plan the noise/.test(textContent))
      ?.click();
    expect(starts).toEqual([{ ...plan, rounds: 30, parameters: parameterCount(mnistTask.model) }]);
  });

  it('an empty field is refused there, and nothing is sent', async () => {
    const created = show(null);
    write('rounds', '');
    submit();
    await vi.waitFor(() => expect(wordsAt('rounds')).toBe('Write a number here.'));
    expect(document.activeElement).toBe(field('rounds'));
    expect(created).toHaveLength(0);
  });

  it("the coordinator's refusal appears at its field, which gets the focus", async () => {
    show('clients: at least 3, since the sum of fewer would reveal an update');
    write('clients', '2');
    submit();
    await vi.waitFor(() => expect(wordsAt('clients')).toMatch(/^At least 3, since/));
    expect(document.activeElement).toBe(field('clients'));
    expect(field('rounds').getAttribute('aria-invalid')).toBe('false');
    expect(document.querySelector('[role="alert"]')).toBeNull();
  });

  it('a folded field that is refused is unfolded', async () => {
    show('durationsMs.masking: at most an hour');
    expect(field('durationsMs.masking').closest('details')?.open).toBe(false);
    submit();
    await vi.waitFor(() => expect(document.activeElement).toBe(field('durationsMs.masking')));
    expect(field('durationsMs.masking').closest('details')?.open).toBe(true);
  });

  it('a refusal about no field appears above the button', async () => {
    show('The coordinator cannot be reached.');
    submit();
    await vi.waitFor(() =>
      expect(document.querySelector('[role="alert"]')?.textContent).toBe(
        'The coordinator cannot be reached.',
      ),
    );
    expect(document.querySelector('[aria-invalid="true"]')).toBeNull();
  });

  it('without a task there is nothing to create', () => {
    show(null, []);
    expect(document.querySelector<HTMLButtonElement>('button.primary')?.disabled).toBe(true);
  });
});
