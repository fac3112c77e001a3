/** A thread of Node participants: `count` of them take turns on its one tfjs backend. Posts each one's end. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '#shared/base/invariant.ts';
import { ParticipantSession } from '#shared/participant/session.ts';
import { nodePorts, type NodeJoin } from './node-ports.ts';

export interface ThreadStart extends NodeJoin {
  readonly count: number;
}

/** What one participant came to. */
export type ThreadNews = { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly detail: string };

const start = workerData as ThreadStart;
const port = parentPort;
invariant(port, 'participants run in a worker thread');

for (let i = 0; i < start.count; i++) {
  let over = false;
  const session = new ParticipantSession(nodePorts(start), start, ({ status }) => {
    if (over) return;
    if (status.kind === 'failed')
      port.postMessage({ kind: 'failed', detail: status.detail } satisfies ThreadNews);
    else if (status.kind === 'finished' || status.kind === 'left')
      port.postMessage({ kind: 'ended' } satisfies ThreadNews);
    else return;
    over = true;
    // Nobody is there to agree to an extension.
    session.leave();
  });
  session.join();
}
