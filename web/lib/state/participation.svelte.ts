/** This tab's part in a run, as its worker reports it. */
import type { RunId } from '#shared/base/ids.ts';
import type { ParticipantView } from '#shared/participant/view.ts';
import { ParticipantClient } from '../participant/client.ts';

export class Participation {
  /** Null before the person takes part. */
  view = $state.raw<ParticipantView | null>(null);
  dataDeleted = $state(false);
  /** Why the worker is of no use, as a sentence. */
  broken = $state<string | null>(null);
  #client: ParticipantClient | null = null;

  #started(): ParticipantClient {
    this.#client ??= new ParticipantClient({
      view: (view) => (this.view = view),
      dataDeleted: () => (this.dataDeleted = true),
      broken: (detail) => (this.broken = detail),
    });
    return this.#client;
  }

  join(run: RunId, invitation: string): void {
    this.dataDeleted = false;
    this.#started().send({ kind: 'join', run, invitation });
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
