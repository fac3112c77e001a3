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
  readonly #source: EventSource;

  constructor(id: string, as: 'admin' | 'public') {
    this.#source = new EventSource(
      `/api${as === 'admin' ? '/admin' : ''}/runs/${encodeURIComponent(id)}/events`,
    );
    this.#source.onopen = () => (this.state = 'live');
    // The browser tries again by itself, unless the answer was a refusal.
    this.#source.onerror = () =>
      (this.state = this.#source.readyState === EventSource.CLOSED ? 'missing' : 'reconnecting');
    this.#source.onmessage = ({ data }: MessageEvent<string>) =>
      this.#take(JSON.parse(data) as AdminRunEvent);
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
    this.#source.close();
  }
}
