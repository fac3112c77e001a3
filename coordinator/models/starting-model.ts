/** What a run begins with: the task's own model by its seed, or one that an admin brought. */
import { fail, ok, type Result } from '#shared/base/result.ts';
import { invariant } from '#shared/base/invariant.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import { taskWithOwnModel } from '#shared/tasks/own-model.ts';
import { bytesOfParameters } from '#shared/tasks/parameters.ts';
import type { RunSettings } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import type { Store } from '../store/port.ts';

export interface StartingModel {
  /** As participants build it. */
  readonly task: Task;
  /** Parameters as bytes. */
  readonly model: Uint8Array;
}

/** `task` is the one the settings name; a sentence where the model is not here or does not fit. */
export async function startingModel(
  { model: chosen, seed }: RunSettings,
  task: Task,
  store: Pick<Store, 'uploadedModel' | 'model'>,
): Promise<Result<StartingModel, string>> {
  const fresh = (of: Task): StartingModel => ({
    task: of,
    model: bytesOfParameters(initialParameters(of.model, seed)),
  });
  if (chosen === undefined) return ok(fresh(task));
  const uploaded = await store.uploadedModel(chosen.id);
  if (uploaded === null) return fail('There is no such model here. Upload its files once more.');
  const own = taskWithOwnModel(task, uploaded);
  if (!own.ok) return own;
  if (chosen.start === 'fresh') return ok(fresh(own.value));
  const model = await store.model(uploaded.modelHash);
  invariant(model, 'a model is stored together with its weights');
  return ok({ task: own.value, model });
}
