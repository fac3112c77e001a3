/** The page's end of the participant: starts the worker, sends commands, gets views. */
import type { Command, ParticipantView } from '#shared/participant/view.ts';
import type { FromWorker, ToWorker } from './channel.ts';

export interface ParticipantListener {
  view(view: ParticipantView): void;
  dataDeleted(): void;
  /** The worker could not be started, or broke: nothing more comes. */
  broken(detail: string): void;
}

export class ParticipantClient {
  readonly #worker: Worker;
  readonly #ready: Promise<unknown>;

  constructor(listener: ParticipantListener) {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      type: 'module',
      name: 'participant',
    });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'view') listener.view(data.view);
      else if (data.kind === 'data-deleted') listener.dataDeleted();
    });
    this.#worker.addEventListener('error', (event) => {
      listener.broken(event.message || 'Its worker could not be loaded.');
    });
    this.#ready = __CHORALE_TEST_BUILD__
      ? import('./test-hook.ts').then(({ collectUpdates }) => collectUpdates(this.#worker))
      : Promise.resolve();
  }

  send(command: Command): void {
    void this.#ready.then(() => this.#worker.postMessage(command satisfies ToWorker));
  }

  dispose(): void {
    this.#worker.terminate();
  }
}
