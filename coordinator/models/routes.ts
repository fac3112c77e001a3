/**
 * Models that an admin brings (shared/tasks/layers-model): uploaded as their files, read and checked here by the code
 * that the admin's page read them with, kept for every run to come.
 */
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { parameterCount } from '#shared/tasks/layout.ts';
import { bytesOfParameters } from '#shared/tasks/parameters.ts';
import { findTask } from '#shared/tasks/catalogue.ts';
import { checkUpload, decodeUpload, MAX_UPLOAD_BYTES } from '#shared/tasks/layers-model/upload.ts';
import { UPLOAD_TYPE, type ApiError, type UploadedModelView } from '#shared/protocol/api.ts';
import type { Task } from '#shared/tasks/task.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { Store, UploadedModel } from '../store/port.ts';

export interface ModelRoutesOptions {
  readonly store: Store;
  readonly tasks: readonly Task[];
  /** Lets an admin through and answers everybody else. */
  readonly admin: RequestHandler;
}

/** GET /models and POST /models; nobody's bytes are read before `admin` let the request through. */
export function modelRoutes(router: express.Router, { store, tasks, admin }: ModelRoutesOptions): void {
  router.get('/models', admin, async (_request, response) => {
    response.json((await store.uploadedModels()).map(viewOf));
  });
  router.post('/models', admin, readBody, async (request, response) => {
    const body: unknown = request.body;
    if (!(body instanceof Uint8Array))
      return refuse(response, 415, `Send the model as ${UPLOAD_TYPE}, as the admin’s page does.`);
    const stored = await keep(new Uint8Array(body), store, tasks);
    if (stored.ok) response.status(201).json(viewOf(stored.value));
    else refuse(response, 400, stored.fault);
  });
}

async function keep(
  body: Uint8Array,
  store: Store,
  tasks: readonly Task[],
): Promise<Result<UploadedModel, string>> {
  const upload = decodeUpload(body);
  if (!upload.ok) return upload;
  const task = findTask(upload.value.taskId, tasks);
  if (!task.ok) return task;
  const checked = checkUpload(upload.value, task.value);
  if (!checked.ok) return checked;
  const { id, model, modelHash, parameters } = checked.value;
  await store.addUploadedModel(
    {
      id,
      createdAt: new Date().toISOString(),
      name: upload.value.name,
      taskId: task.value.id,
      model,
      modelHash,
    },
    bytesOfParameters(parameters),
  );
  // Of the first time, where it was here before.
  const known = await store.uploadedModel(id);
  return known === null ? fail('The model could not be kept; try once more.') : ok(known);
}

const viewOf = (uploaded: UploadedModel): UploadedModelView => ({
  ...uploaded,
  parameters: parameterCount(uploaded.model),
});

const raw = express.raw({ type: UPLOAD_TYPE, limit: MAX_UPLOAD_BYTES });

function readBody(request: Request, response: Response, next: NextFunction): void {
  raw(request, response, (error?: unknown) => {
    if (error instanceof Error && 'status' in error && error.status === 413)
      return refuse(
        response,
        413,
        `The model is larger than the ${Math.floor(MAX_UPLOAD_BYTES / 1e6)} MB that a run can train. Make its layers smaller.`,
      );
    return next(error);
  });
}

function refuse(response: Response, status: number, error: string): void {
  response.status(status).json({ error } satisfies ApiError);
}
