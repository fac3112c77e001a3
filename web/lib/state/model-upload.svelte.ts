/** A run's model: the task's own, files that an admin picks, or one that was uploaded before. */
import type { UploadedModelView } from '#shared/protocol/api.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { checkUpload, encodeUpload, type ModelUpload } from '#shared/tasks/layers-model/upload.ts';
import type { Loss, ModelSpecification } from '#shared/tasks/model.ts';
import { ownModelMisfit } from '#shared/tasks/own-model.ts';
import type { RunSettings } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import * as api from './api.ts';
import { readModelFiles, type ModelFiles } from './model-files.ts';

type ChosenModel = Pick<RunSettings, 'model'>;

/** What the page says of a model that fits. */
export interface ModelSummary {
  readonly model: ModelSpecification;
  readonly parameters: number;
}

export class ModelChoice {
  /** `task`: the task's own; `files`: those picked here; else the id of one uploaded before. */
  choice = $state('task');
  earlier = $state.raw<readonly UploadedModelView[]>([]);
  files = $state.raw<readonly File[]>([]);
  name = $state('');
  start = $state<'given' | 'fresh'>('given');
  /** Chosen by hand; null takes what the file says. */
  lossByHand = $state<Loss | null>(null);
  /** `files`: the files are being read; `upload`: they are on their way. */
  busy = $state<'files' | 'upload' | null>(null);
  /** Why the model cannot be used, as a sentence. */
  problem = $state<string | null>(null);
  summary = $state.raw<ModelSummary | null>(null);
  /** What the chosen files say that they were trained by; null where they name nothing. */
  stated = $state<string | null>(null);
  /** What the files are read with. */
  loss = $state<Loss>('softmax-cross-entropy');
  #upload: ModelUpload | null = null;
  /** Of the newest reading; an older one that ends later changes nothing. */
  #reading = 0;

  /** The task with the chosen model in it, as far as it is known, for what is planned from its size. */
  of(task: Task): Task {
    return this.summary === null ? task : { ...task, model: this.summary.model };
  }

  /** Asks what was uploaded before; where that fails, files can still be chosen. */
  async list(): Promise<void> {
    const models = await api.listModels();
    if (models.ok) this.earlier = models.value;
  }

  /** Files that were picked or dropped, all of one model. */
  pick(files: readonly File[]): void {
    this.choice = 'files';
    this.files = files;
    this.name = '';
    this.lossByHand = null;
  }

  /** Reads and checks what is chosen, for the task's data; called again when any of it changes. */
  async read(task: Task): Promise<void> {
    const reading = ++this.#reading;
    this.problem = null;
    this.summary = null;
    this.#upload = null;
    if (this.choice === 'task') return;
    if (this.choice !== 'files') return this.#readEarlier(task);
    if (this.files.length === 0) return;
    this.busy = 'files';
    const files = await readModelFiles(this.files);
    if (reading !== this.#reading) return;
    this.busy = null;
    if (files.ok) this.#check(files.value, task);
    else this.problem = files.fault;
  }

  #readEarlier(task: Task): void {
    const model = this.earlier.find(({ id }) => id === this.choice)?.model;
    if (model === undefined) return;
    this.problem = ownModelMisfit(model, task);
    if (this.problem === null) this.summary = { model, parameters: parameterCount(model) };
  }

  #check({ name, model, weights, stated }: ModelFiles, task: Task): void {
    this.stated = stated.stated;
    this.loss = this.lossByHand ?? stated.loss ?? task.model.loss;
    if (this.name.trim() === '') this.name = name;
    const upload = { taskId: task.id, name: this.name.trim(), loss: this.loss, model, weights };
    const checked = checkUpload(upload, task);
    if (!checked.ok) {
      this.problem = checked.fault;
      return;
    }
    this.#upload = upload;
    this.summary = { model: checked.value.model, parameters: checked.value.parameters.length };
  }

  /**
   * What the run's settings say of the model: nothing for the task's own. Files are uploaded first, and from then on
   * are one of those uploaded before. Fails where `problem` says why.
   */
  async settle(): Promise<Result<ChosenModel, string>> {
    if (this.choice === 'task') return ok({});
    if (this.problem !== null) return fail(this.problem);
    if (this.choice !== 'files') return ok({ model: { id: this.choice, start: this.start } });
    if (this.#upload === null) {
      this.problem = 'Choose the model’s files first, or the task’s own model.';
      return fail(this.problem);
    }
    this.busy = 'upload';
    const sent = await api.uploadModel(encodeUpload({ ...this.#upload, name: this.name.trim() }));
    this.busy = null;
    if (!sent.ok) {
      this.problem = sent.fault.sentence;
      return fail(this.problem);
    }
    const { id } = sent.value;
    this.earlier = [...this.earlier.filter((known) => known.id !== id), sent.value];
    this.choice = id;
    this.files = [];
    return ok({ model: { id, start: this.start } });
  }
}
