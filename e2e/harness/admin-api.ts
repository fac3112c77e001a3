/** The admin's side of a story over HTTP, where the story is not about the admin's page. */
import type { RunId } from '#shared/base/ids.ts';
import { applyRunEvent, type AdminRunView, type RunEvent, type RunView } from '#shared/protocol/api.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';

export class AdminApi {
  readonly #origin: string;
  #cookie = '';

  private constructor(origin: string) {
    this.#origin = origin;
  }

  static async signIn(origin: string, token: string): Promise<AdminApi> {
    const api = new AdminApi(origin);
    const response = await api.#post('/api/session', { token });
    api.#cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    return api;
  }

  /** With the coordinator's own invitation. */
  async createRun(settings: RunSettingsInput): Promise<{ run: RunView; joinPath: string }> {
    const response = await this.#post('/api/runs', settings);
    const { run, joinPath } = (await response.json()) as AdminRunView;
    if (joinPath === null) throw new Error('the coordinator does not invite to this run');
    return { run, joinPath };
  }

  async start(run: RunId): Promise<void> {
    await this.#post(`/api/runs/${run}/start`, {});
  }

  /** The run's view, as soon as `holds` is true of it. Rejects where the stream ends or `timeoutMs` have passed. */
  async until(run: RunId, timeoutMs: number, holds: (view: RunView) => boolean): Promise<RunView> {
    let view: RunView | null = null;
    try {
      for await (const event of this.#events(`/api/runs/${run}/events`, timeoutMs)) {
        view = applyRunEvent(view, event);
        if (view !== null && holds(view)) return view;
      }
    } catch (error) {
      throw new Error(`Waiting for the run ended (${String(error)}); last seen: ${summary(view)}`, {
        cause: error,
      });
    }
    throw new Error(`The stream ended; last seen: ${summary(view)}`);
  }

  async #post(path: string, body: unknown): Promise<Response> {
    const response = await fetch(this.#origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: this.#cookie },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response;
  }

  async *#events(path: string, timeoutMs: number): AsyncGenerator<RunEvent> {
    const response = await fetch(this.#origin + path, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok || response.body === null) throw new Error(`${path} answered ${response.status}`);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const data = message.split('\n').filter((line) => line.startsWith('data:'));
        if (data.length > 0) yield JSON.parse(data.map((line) => line.slice(5)).join('\n')) as RunEvent;
      }
    }
  }
}

function summary(view: RunView | null): string {
  if (view === null) return 'nothing';
  const rounds = view.rounds.map(({ round, attempt, outcome, abortCode, participants, accuracy }) =>
    [round, attempt, outcome, abortCode, participants, accuracy].join(' '),
  );
  return JSON.stringify({ live: view.live, rounds, log: view.log.slice(-8).map((entry) => entry.text) });
}
