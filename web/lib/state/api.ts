/** Calls of the coordinator's API. A refusal carries its sentence, ready to be shown. */
import {
  UPLOAD_TYPE,
  type AdminRunView,
  type RunSummary,
  type RunView,
  type UploadedModelView,
} from '#shared/protocol/api.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { RunExtension } from '#shared/tasks/extension.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';

export interface Refusal {
  /** Of HTTP; null where nothing answered. */
  readonly status: number | null;
  readonly sentence: string;
}

async function call<Value>(method: string, path: string, body?: unknown): Promise<Result<Value, Refusal>> {
  const init = body === undefined ? {} : bodyOf(body);
  try {
    const response = await fetch(`/api${path}`, { method, ...init });
    const text = await response.text();
    const value = text === '' ? null : parsed(text);
    if (response.ok && value !== undefined) return ok(value as Value);
    return fail({ status: response.status, sentence: sentenceOf(value, response.status) });
  } catch {
    return fail({
      status: null,
      sentence: 'The coordinator cannot be reached. Is it running, and is this device online?',
    });
  }
}

/** Bytes are a model's files, everything else is JSON. */
const bodyOf = (body: unknown) =>
  body instanceof Uint8Array
    ? { body, headers: { 'Content-Type': UPLOAD_TYPE } }
    : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };

/** Undefined for what is no JSON: a proxy's error page, say. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const sentenceOf = (value: unknown, status: number): string =>
  typeof value === 'object' && value !== null && 'error' in value
    ? String(value.error)
    : `The answer, with status ${status}, is not the coordinator’s. It may be starting; try again in a moment.`;

export const signedIn = () => call<{ signedIn: boolean }>('GET', '/session');
export const signIn = (token: string) => call<null>('POST', '/session', { token });
export const signOut = () => call<null>('DELETE', '/session');
export const listTasks = () => call<Task[]>('GET', '/tasks');
export const listModels = () => call<UploadedModelView[]>('GET', '/models');
/** `body` is of tasks/layers-model/upload. */
export const uploadModel = (body: Uint8Array<ArrayBuffer>) =>
  call<UploadedModelView>('POST', '/models', body);
export const listRuns = () => call<RunSummary[]>('GET', '/runs');
export const getRun = (id: string) => call<RunView>('GET', `/runs/${encodeURIComponent(id)}`);
export const createRun = (settings: RunSettingsInput) => call<AdminRunView>('POST', '/runs', settings);
export const personalInvitation = (id: string) =>
  call<{ joinPath: string }>('POST', `/runs/${encodeURIComponent(id)}/invitations`, {});
export const startRun = (id: string) => call<null>('POST', `/runs/${encodeURIComponent(id)}/start`);
export const extendRun = (id: string, extension: RunExtension) =>
  call<null>('POST', `/runs/${encodeURIComponent(id)}/extend`, extension);
export const stopRun = (id: string) => call<null>('POST', `/runs/${encodeURIComponent(id)}/stop`);
