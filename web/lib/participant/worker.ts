/**
 * The worker is the participant: socket, keys, masks, data, training and deadlines live here, so that nothing
 * blocks the page and a hidden tab's timers are not clamped.
 */
import type { RunId } from '#shared/base/ids.ts';
import type { ParticipantPorts } from '#shared/participant/ports.ts';
import { ParticipantSession } from '#shared/participant/session.ts';
import type { ParticipantView } from '#shared/participant/view.ts';
import type { FromWorker, ToWorker } from './channel.ts';
import { ChunkVault } from './chunk-vault.ts';
import { IdentityVault } from './identity-vault.ts';
import { KnownPeers } from './known-peers.ts';
import { OwnScoring } from './own-scoring.ts';
import { OwnLimit } from './own-limit.ts';
import { BridgedPeerLinks } from './peer-bridge.ts';
import { keptShard, tabPorts } from './tab-ports.ts';

/** Progress is shown this often; every other change at once. */
const VIEW_MS = 100;

const vault = new ChunkVault();
/** One a worker: it holds the tab's slots. */
let identities: IdentityVault | null = null;
let session: ParticipantSession | null = null;
let shownAs = '';
let timer: ReturnType<typeof setTimeout> | null = null;

type Join = Extract<ToWorker, { kind: 'join' }>;

const post = (message: FromWorker) => self.postMessage(message);

function show(view: ParticipantView): void {
  const { status } = view;
  const as = status.kind === 'in-round' ? `${status.progress.phase} ${status.progress.round}` : status.kind;
  if (as !== shownAs || status.kind === 'waiting') {
    shownAs = as;
    if (status.kind === 'waiting' || status.kind === 'in-round') void showBackend();
    if (timer !== null) clearTimeout(timer);
    timer = null;
    return post({ kind: 'view', view });
  }
  timer ??= setTimeout(() => {
    timer = null;
    if (session !== null) post({ kind: 'view', view: session.view() });
  }, VIEW_MS);
}

const trainer = () => import('./tab-trainer.ts');

/** Once it is known, and whenever another took over. */
async function showBackend(): Promise<void> {
  const { tabTrainer } = await trainer();
  const choice = tabTrainer.choice();
  if (choice !== null) post({ kind: 'backend', choice, wish: await tabTrainer.wish() });
}

async function showSlot(held: IdentityVault, run: RunId): Promise<void> {
  await held.open(run);
  const index = await held.slotOf(run);
  if (index !== null) post({ kind: 'slot', run, index });
}

/** From the first join on. */
let scoring: OwnScoring | null = null;

/** For every run that is joined from here on; where it cannot be kept, it holds for this one. */
async function keepLimit({ ownLimit }: Join['consent']): Promise<void> {
  await new OwnLimit().write(Number.isFinite(ownLimit.epsilon) ? ownLimit.epsilon : null);
}

async function ports({ run, links, rememberedSlot }: Join): Promise<ParticipantPorts> {
  const held = (identities ??= new IdentityVault({ rememberedSlot }));
  const own = await tabPorts(vault, held, new BridgedPeerLinks(links));
  void showSlot(held, run);
  scoring?.cancel();
  scoring = new OwnScoring(
    {
      keptShard: (task, shard) => keptShard(vault, task, shard),
      model: own.model,
      trainer: async () => (await trainer()).tabTrainer,
    },
    (score) => post({ kind: 'own-score', score }),
  );
  if (!__CHORALE_TEST_BUILD__) return own;
  const { observedPorts } = await import('./test-hook.ts');
  return observedPorts(own);
}

// What breaks here unforeseen reaches the page as the worker's error event.
self.onunhandledrejection = ({ reason }) => self.reportError(reason);

self.onmessage = async ({ data: command }: MessageEvent<ToWorker>): Promise<void> => {
  switch (command.kind) {
    case 'join':
      if (session !== null && !session.isOver) return;
      session?.leave();
      await keepLimit(command.consent);
      session = new ParticipantSession(await ports(command), command, show);
      return session.join();
    case 'set-paused': {
      const { pace } = (await trainer()).tabTrainer;
      if (command.paused) pace.pause();
      else pace.resume();
      return session?.setPaused(command.paused);
    }
    case 'set-duty':
      return (await trainer()).tabTrainer.pace.setDuty(command.dutyPercent);
    case 'set-backend':
      await (await trainer()).tabTrainer.setWish(command.wish);
      return showBackend();
    case 'score-own-data':
      return scoring?.start(session?.view() ?? null, command.model);
    case 'cancel-score':
      return scoring?.cancel();
    case 'answer-extension':
      return session?.answerExtension(command.terms, command.agrees);
    case 'leave':
      return session?.leave();
    case 'delete-data':
      scoring?.cancel();
      if (session === null) await vault.clear();
      else await session.deleteData();
      await (identities ?? new IdentityVault()).clear();
      await new KnownPeers().clear();
      await (await trainer()).tabTrainer.forget();
      return post({ kind: 'data-deleted' });
  }
};
