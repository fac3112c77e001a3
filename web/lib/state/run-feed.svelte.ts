/** A run as the server tells it, live: a snapshot first, then events; after a lost connection a new snapshot. */
import {
  applyRunEvent,
  type AdminRunEvent,
  type ParticipantView,
  type RunView,
} from '#shared/protocol/api.ts';

export type FeedState = 'connecting' | 'live' | 'reconnecting' | 'missing';

export class RunFeed {
  run = $state.raw<RunView | null>(null);
  participants = $state.raw<readonly ParticipantView[]>([]);
  /** With the invitation in its fragment; null for the public. */
  joinPath = $state<string | null>(null);
  state = $state<FeedState>('connecting');
  readonly #address: string;
  #source: EventSource | null = null;

  constructor(id: string, as: 'admin' | 'public') {
    this.#address = `/api${as === 'admin' ? '/admin' : ''}/runs/${encodeURIComponent(id)}/events`;
    document.addEventListener('visibilitychange', this.#follow);
    this.#follow();
  }

  /** A hidden page gives its connection back: a browser has only six for one address, all its tabs together. */
  #follow = (): void => {
    this.#source?.close();
    this.#source = document.hidden ? null : this.#open();
  };

  #open(): EventSource {
    const source = new EventSource(this.#address);
    source.onopen = () => (this.state = 'live');
    // The browser tries again by itself, unless the answer was a refusal.
    source.onerror = () =>
      (this.state = source.readyState === EventSource.CLOSED ? 'missing' : 'reconnecting');
    source.onmessage = ({ data }: MessageEvent<string>) => this.#take(JSON.parse(data) as AdminRunEvent);
    return source;
  }

  #take(event: AdminRunEvent): void {
    switch (event.kind) {
      case 'admin-snapshot':
        this.run = event.view.run;
        this.participants = event.view.participants;
        this.joinPath = event.view.joinPath;
        return;
      case 'participants':
        this.participants = event.participants;
        return;
      default:
        this.run = applyRunEvent(this.run, event);
    }
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#follow);
    this.#source?.close();
  }
}
