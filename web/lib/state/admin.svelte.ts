/** The admin's session and the list of runs. */
import type { RunSummary } from '#shared/protocol/api.ts';
import type { RunExtension } from '#shared/tasks/extension.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import { AdminKey } from './admin-key.ts';
import * as api from './api.ts';

export class Admin {
  /** Null until the coordinator has said. */
  signedIn = $state<boolean | null>(null);
  runs = $state.raw<readonly RunSummary[]>([]);
  tasks = $state.raw<readonly Task[]>([]);
  selected = $state<string | null>(null);
  /** The last refusal, as a sentence. */
  problem = $state<string | null>(null);

  /** With a token where the address carried one. */
  async open(token: string | null): Promise<void> {
    if (token !== null) return this.signIn(token);
    const session = await api.signedIn();
    if (!session.ok) this.problem = session.fault.sentence;
    this.signedIn = session.ok && session.value.signedIn;
    if (this.signedIn) await this.refresh();
  }

  async signIn(token: string): Promise<void> {
    const answer = await api.signIn(token);
    this.problem = answer.ok ? null : answer.fault.sentence;
    this.signedIn = answer.ok;
    if (answer.ok) await this.refresh();
  }

  async signOut(): Promise<void> {
    const answer = await api.signOut();
    if (!answer.ok) return this.#refuse(answer.fault);
    this.problem = null;
    this.signedIn = false;
    this.selected = null;
  }

  /** The session has ended elsewhere: signed out in another tab, or a new token was made. */
  expire(): void {
    this.#refuse({ status: 401, sentence: 'You are signed out. Sign in with the admin token again.' });
  }

  async refresh(): Promise<void> {
    const [runs, tasks] = await Promise.all([api.listRuns(), api.listTasks()]);
    if (runs.ok) this.runs = runs.value;
    else this.#refuse(runs.fault);
    if (tasks.ok) this.tasks = tasks.value;
    else this.#refuse(tasks.fault);
    this.selected ??= this.runs[0]?.id ?? null;
  }

  /**
   * A sentence where the settings are refused, null where the run was made. With `keepsKey` invitations come from a
   * key of this browser, which the coordinator does not get.
   */
  async create(settings: RunSettingsInput, keepsKey: boolean): Promise<string | null> {
    const key = keepsKey ? { adminKey: (await AdminKey.open()).publicKey } : {};
    const created = await api.createRun({ ...settings, ...key });
    if (!created.ok) return created.fault.sentence;
    this.problem = null;
    this.selected = created.value.run.id;
    await this.refresh();
    return null;
  }

  async start(): Promise<void> {
    if (this.selected !== null) await this.#tell(api.startRun(this.selected));
  }

  async stop(): Promise<void> {
    if (this.selected !== null) await this.#tell(api.stopRun(this.selected));
  }

  /** A sentence where it is refused, null where the run was extended. */
  async extend(extension: RunExtension): Promise<string | null> {
    if (this.selected === null) return null;
    const answer = await api.extendRun(this.selected, extension);
    if (!answer.ok && answer.fault.status === 401) this.#refuse(answer.fault);
    if (answer.ok) await this.refresh();
    return answer.ok ? null : answer.fault.sentence;
  }

  async #tell(call: ReturnType<typeof api.startRun>): Promise<void> {
    const answer = await call;
    this.problem = null;
    if (!answer.ok) this.#refuse(answer.fault);
    await this.refresh();
  }

  #refuse({ status, sentence }: api.Refusal): void {
    this.problem = sentence;
    if (status === 401) this.signedIn = false;
  }
}
