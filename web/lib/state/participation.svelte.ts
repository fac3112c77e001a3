/** This tab's part in a run, as its worker reports it. */
import type { RunId } from '#shared/base/ids.ts';
import type { BackendChoice, BackendWish } from '#shared/participant/backend-choice.ts';
import type { Consent, ParticipantView } from '#shared/participant/view.ts';
import { ParticipantClient } from '../participant/client.ts';

export class Participation {
  /** Null before the person takes part. */
  view = $state.raw<ParticipantView | null>(null);
  dataDeleted = $state(false);
  /** Why the worker is of no use, as a sentence. */
  broken = $state<string | null>(null);
  /** What trains and why, and what this browser asks for. */
  backend = $state.raw<{ readonly choice: BackendChoice; readonly wish: BackendWish } | null>(null);
  dutyPercent = $state(100);
  #client: ParticipantClient | null = null;

  #started(): ParticipantClient {
    this.#client ??= new ParticipantClient({
      view: (view) => (this.view = view),
      dataDeleted: () => (this.dataDeleted = true),
      backend: (choice, wish) => (this.backend = { choice, wish }),
      broken: (detail) => (this.broken = detail),
    });
    return this.#client;
  }

  join(run: RunId, invitation: string, consent: Consent): void {
    this.dataDeleted = false;
    this.#started().send({ kind: 'join', run, invitation, consent });
  }

  setPaused(paused: boolean): void {
    this.#started().send({ kind: 'set-paused', paused });
  }

  setDuty(dutyPercent: number): void {
    this.dutyPercent = dutyPercent;
    this.#started().send({ kind: 'set-duty', dutyPercent });
  }

  setBackend(wish: BackendWish): void {
    this.#started().send({ kind: 'set-backend', wish });
  }

  leave(): void {
    this.#started().send({ kind: 'leave' });
  }

  deleteData(): void {
    this.#started().send({ kind: 'delete-data' });
  }

  dispose(): void {
    this.#client?.dispose();
    this.#client = null;
  }
}
