/** A run as the server tells it, live: a snapshot first, then events; after a lost connection a new snapshot. */
import {
  applyRunEvent,
  type AdminRunEvent,
  type ParticipantView,
  type RunView,
} from '#shared/protocol/api.ts';
import { getRun, signedIn } from './api.ts';

/** `missing`: there is no such run; `signed-out`: an admin's session has ended. Both are final. */
export type FeedState = 'connecting' | 'live' | 'reconnecting' | 'missing' | 'signed-out';

/** After a refusal that may pass, such as a proxy's while the coordinator restarts. */
const AGAIN_MS = 3_000;

export class RunFeed {
  run = $state.raw<RunView | null>(null);
  participants = $state.raw<readonly ParticipantView[]>([]);
  /** With the invitation in its fragment; null for the public. */
  joinPath = $state<string | null>(null);
  state = $state<FeedState>('connecting');
  readonly #id: string;
  readonly #as: 'admin' | 'public';
  readonly #address: string;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(id: string, as: 'admin' | 'public') {
    this.#id = id;
    this.#as = as;
    this.#address = `/api${as === 'admin' ? '/admin' : ''}/runs/${encodeURIComponent(id)}/events`;
    document.addEventListener('visibilitychange', this.#follow);
    this.#follow();
  }

  /** A hidden page gives its connection back: a browser has only six for one address, all its tabs together. */
  #follow = (): void => {
    this.#drop();
    this.#source = document.hidden ? null : this.#open();
  };

  #drop(): void {
    this.#source?.close();
    this.#source = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #open(): EventSource {
    const source = new EventSource(this.#address);
    source.onopen = () => (this.state = 'live');
    source.onerror = () => {
      this.state = 'reconnecting';
      // The browser tries again by itself, unless the answer was a refusal; it does not tell which.
      if (source.readyState === EventSource.CLOSED) void this.#afterRefusal(source);
    };
    source.onmessage = ({ data }: MessageEvent<string>) => this.#take(JSON.parse(data) as AdminRunEvent);
    return source;
  }

  async #afterRefusal(source: EventSource): Promise<void> {
    const [run, session] = await Promise.all([getRun(this.#id), this.#as === 'admin' ? signedIn() : null]);
    if (source !== this.#source) return;
    if (!run.ok && run.fault.status === 404) this.state = 'missing';
    else if (session?.ok && !session.value.signedIn) this.state = 'signed-out';
    else this.#timer = setTimeout(this.#follow, AGAIN_MS);
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
    this.#drop();
  }
}
