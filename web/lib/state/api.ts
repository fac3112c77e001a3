/** Calls of the coordinator's API. A refusal is its own sentence, ready to be shown. */
import type { AdminRunView, RunSummary, RunView } from '#shared/protocol/api.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';

async function call<Value>(method: string, path: string, body?: unknown): Promise<Result<Value, string>> {
  let response: Response;
  try {
    const init =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    response = await fetch(`/api${path}`, { method, ...init });
  } catch {
    return fail('The coordinator cannot be reached. Is it running, and is this device online?');
  }
  const text = await response.text();
  const value: unknown = text === '' ? null : JSON.parse(text);
  if (response.ok) return ok(value as Value);
  const named = typeof value === 'object' && value !== null && 'error' in value ? String(value.error) : null;
  return fail(named ?? `The coordinator answered ${response.status}.`);
}

export const signedIn = () => call<{ signedIn: boolean }>('GET', '/session');
export const signIn = (token: string) => call<null>('POST', '/session', { token });
export const signOut = () => call<null>('DELETE', '/session');
export const listTasks = () => call<Task[]>('GET', '/tasks');
export const listRuns = () => call<RunSummary[]>('GET', '/runs');
export const getRun = (id: string) => call<RunView>('GET', `/runs/${encodeURIComponent(id)}`);
export const createRun = (settings: RunSettingsInput) => call<AdminRunView>('POST', '/runs', settings);
export const startRun = (id: string) => call<null>('POST', `/runs/${id}/start`);
export const stopRun = (id: string) => call<null>('POST', `/runs/${id}/stop`);
