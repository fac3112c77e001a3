/** The page's end of the participant: starts the worker, sends commands, gets views. */
import type { BackendChoice, BackendWish } from '#shared/participant/backend-choice.ts';
import type { PeerLinks } from '#shared/participant/peer-links.ts';
import type { Command, ParticipantView } from '#shared/participant/view.ts';
import type { FromWorker, OwnScore, ScoreCommand, ToWorker, TrainingCommand } from './channel.ts';
import { servePeerLinks } from './peer-bridge.ts';
import { rememberedSlot as recallSlot, rememberSlot } from './slots.ts';

export interface ParticipantListener {
  view(view: ParticipantView): void;
  dataDeleted(): void;
  backend(choice: BackendChoice, wish: BackendWish): void;
  ownScore(score: OwnScore): void;
  /** The worker could not be started, or broke: nothing more comes. */
  broken(detail: string): void;
}

export class ParticipantClient {
  readonly #worker: Worker;
  readonly #ready: Promise<unknown>;
  #peers: PeerLinks | null = null;

  constructor(listener: ParticipantListener) {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      type: 'module',
      name: 'participant',
    });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'view') listener.view(data.view);
      else if (data.kind === 'data-deleted') listener.dataDeleted();
      else if (data.kind === 'backend') listener.backend(data.choice, data.wish);
      else if (data.kind === 'own-score') listener.ownScore(data.score);
      else if (data.kind === 'slot') rememberSlot(sessionStorage, data.run, data.index);
    });
    this.#worker.addEventListener('error', (event) => {
      listener.broken(event.message || 'Its worker could not be loaded.');
    });
    this.#ready = __CHORALE_TEST_BUILD__
      ? import('./test-hook.ts').then(({ collectUpdates }) => collectUpdates(this.#worker))
      : Promise.resolve();
  }

  send(command: Command | TrainingCommand | ScoreCommand): void {
    void this.#ready.then(() => this.#post(command));
  }

  #post(command: Command | TrainingCommand | ScoreCommand): void {
    if (command.kind !== 'join') return this.#worker.postMessage(command satisfies ToWorker);
    const { port1, port2 } = new MessageChannel();
    const rememberedSlot = recallSlot(sessionStorage, command.run);
    this.#worker.postMessage({ ...command, links: port2, rememberedSlot } satisfies ToWorker, [port2]);
    void this.#serveLinks(port1);
  }

  /** PeerJS is loaded when somebody takes part. */
  async #serveLinks(port: MessagePort): Promise<void> {
    const { fetchPeerSettings, Peers } = await import('./peers.ts');
    this.#peers = new Peers(fetchPeerSettings());
    servePeerLinks(port, this.#peers);
  }

  dispose(): void {
    this.#peers?.closeAll();
    this.#worker.terminate();
  }
}
