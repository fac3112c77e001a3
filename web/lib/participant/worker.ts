/**
 * The worker is the participant: socket, keys, masks, data, training and deadlines live here, so that nothing
 * blocks the page and a hidden tab's timers are not clamped.
 */
import type { ParticipantPorts } from '#shared/participant/ports.ts';
import { ParticipantSession } from '#shared/participant/session.ts';
import type { ParticipantView } from '#shared/participant/view.ts';
import type { FromWorker, ToWorker } from './channel.ts';
import { ChunkVault } from './chunk-vault.ts';
import { tabPorts } from './tab-ports.ts';

/** Progress is shown this often; every other change at once. */
const VIEW_MS = 100;

const vault = new ChunkVault();
let session: ParticipantSession | null = null;
let shownAs = '';
let timer: ReturnType<typeof setTimeout> | null = null;

const post = (message: FromWorker) => self.postMessage(message);

function show(view: ParticipantView): void {
  const { status } = view;
  const as = status.kind === 'in-round' ? `${status.progress.phase} ${status.progress.round}` : status.kind;
  if (as !== shownAs || status.kind === 'waiting') {
    shownAs = as;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    return post({ kind: 'view', view });
  }
  timer ??= setTimeout(() => {
    timer = null;
    if (session !== null) post({ kind: 'view', view: session.view() });
  }, VIEW_MS);
}

async function ports(): Promise<ParticipantPorts> {
  if (!__CHORALE_TEST_BUILD__) return tabPorts(vault);
  const { observedPorts } = await import('./test-hook.ts');
  return observedPorts(tabPorts(vault));
}

// What breaks here unforeseen reaches the page as the worker's error event.
self.onunhandledrejection = ({ reason }) => self.reportError(reason);

self.onmessage = async ({ data: command }: MessageEvent<ToWorker>): Promise<void> => {
  switch (command.kind) {
    case 'join':
      if (session !== null && !session.isOver) return;
      session = new ParticipantSession(await ports(), command, show);
      return session.join();
    case 'leave':
      return session?.leave();
    case 'delete-data':
      if (session === null) await vault.clear();
      else await session.deleteData();
      return post({ kind: 'data-deleted' });
  }
};
