/** A participant's world for tests: a clock that is told the time, sockets that are looked into, a task of six parameters. */
import { hexToBytes } from '../base/bytes.ts';
import type { RunId, Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { seededRandom } from '../base/random.ts';
import { ok } from '../base/result.ts';
import { nobleSigner } from '../crypto/identity.ts';
import { nobleSuite } from '../crypto/suite.ts';
import type { Examples } from '../data/examples.ts';
import { decodeToCoordinator, encodeMessage, encodeOffer } from '../protocol/codec.ts';
import { createInvitation, encodeInvitation } from '../protocol/invitation.ts';
import { AUXILIARY_LANES, DURATION_MS, MIN_COHORT } from '../protocol/limits.ts';
import type {
  Offer,
  ToCoordinator,
  ToParticipant,
  ToParticipantOf,
  Welcome,
} from '../protocol/messages/directions.ts';
import { sidOfOffer } from '../protocol/transcript.ts';
import { parameterCount } from '../tasks/layout.ts';
import { mnistTask } from '../tasks/mnist.ts';
import { bytesOfParameters, modelHashOf } from '../tasks/parameters.ts';
import type { Task } from '../tasks/task.ts';
import { ledgerInMemory } from './ledger-in-memory.ts';
import { NO_LINKS } from './no-links.ts';
import type {
  AttemptsPort,
  ClockPort,
  ParticipantPorts,
  Socket,
  SocketHandlers,
  TrainerPort,
} from './ports.ts';
import { ParticipantSession } from './session.ts';
import type { Consent, ParticipantView } from './view.ts';

export const RUN = 'AAAAAAAAAAAAAAAA' as RunId;
export const coordinatorSigner = nobleSigner(seededRandom('coordinator')(32));
/** Whoever opens this link is invited, for as long as these tests run. */
export const openInvitation = await createInvitation(nobleSigner(seededRandom('admin')(32)), RUN, {
  kind: 'open',
  expirySeconds: 4_000_000_000,
  inviteSecret: seededRandom('invite')(32),
});

/** Dense, [inputs, units]; [2, 2] has six parameters. */
export const taskOf = (inputs: number, units: number): Task => ({
  ...mnistTask,
  id: 'tiny',
  model: {
    ...mnistTask.model,
    inputShape: [inputs],
    layers: [{ kind: 'dense', units, activation: 'linear' }],
  },
  quantization: { range: 1, bits: 16 },
  weightMax: 10,
});
export const tinyTask = taskOf(2, 2);

/** The model that every offer of these tests names. */
export const modelBytesOf = (task: Task) =>
  bytesOfParameters(new Float32Array(parameterCount(task.model)).fill(0.5));

const examples: Examples = {
  count: 3,
  inputs: Float32Array.of(0, 1, 1, 0, 1, 1),
  labels: Uint8Array.of(0, 1, 1),
};

/** Lets everything that waits for no timer go on. */
export async function settle(): Promise<void> {
  // No chain of promises here is as long.
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
}

export class TestClock implements ClockPort {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets `ms` pass, timer after timer, and everything go on in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#nowMs = next.atMs;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.run();
    }
    this.#nowMs = endMs;
  }

  get isIdle(): boolean {
    return this.#timers.length === 0;
  }
}

/** The coordinator's end of a connection. */
export class TestSocket implements Socket {
  readonly sent: ToCoordinator[] = [];
  readonly #handlers: SocketHandlers;
  isClosed = false;
  waitingBytes = 0;

  constructor(handlers: SocketHandlers) {
    this.#handlers = handlers;
  }

  send(frame: Uint8Array): void {
    invariant(!this.isClosed, 'nothing is sent on a closed socket');
    const decoded = decodeToCoordinator(frame);
    invariant(decoded.ok, 'a participant sends messages');
    this.sent.push(decoded.value);
  }

  bufferedBytes(): number {
    return this.waitingBytes;
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.#handlers.onOpen();
  }

  lose(): void {
    this.isClosed = true;
    this.#handlers.onClose();
  }

  /** A message of the coordinator, or bytes that are none. */
  async deliver(message: ToParticipant | Uint8Array): Promise<void> {
    this.#handlers.onFrame(message instanceof Uint8Array ? message : encodeMessage(message));
    await settle();
  }

  get kinds(): readonly string[] {
    return this.sent.map((message) => message.kind);
  }

  /** The newest message of a kind. */
  last<Kind extends ToCoordinator['kind']>(kind: Kind): Extract<ToCoordinator, { kind: Kind }> {
    const found = this.sent.findLast(
      (message): message is Extract<ToCoordinator, { kind: Kind }> => message.kind === kind,
    );
    invariant(found, `a message ${kind} was sent`);
    return found;
  }
}

/** Trains in no time: a change of 0.25 everywhere, three examples, loss 0.75. */
export const quickTrainer: TrainerPort = {
  start: async () => ok('test backend'),
  train: async ({ parameters, onBatch }) => {
    for (let batch = 1; batch <= 100; batch++) onBatch({ batch, batches: 100, epoch: 1, loss: 0.75 });
    return ok({ delta: new Float32Array(parameters.length).fill(0.25), examples: 3, loss: 0.75 });
  },
};

/** Attempts that were joined, for as long as the browser keeps them. */
function keptAttempts(): AttemptsPort {
  const seen = new Set<Sid>();
  return {
    remember: async (sid) => {
      const isNew = !seen.has(sid);
      seen.add(sid);
      return isNew;
    },
  };
}

export interface TestTab {
  readonly session: ParticipantSession;
  readonly clock: TestClock;
  readonly sockets: readonly TestSocket[];
  readonly view: ParticipantView;
  readonly statuses: readonly string[];
  /** The newest connection. */
  readonly socket: TestSocket;
}

export function testTab(
  changes: Partial<ParticipantPorts> = {},
  task = tinyTask,
  invitation = encodeInvitation(openInvitation),
  consent?: Consent,
): TestTab {
  const clock = new TestClock();
  const sockets: TestSocket[] = [];
  const statuses: string[] = [];
  const ports: ParticipantPorts = {
    socket: {
      open: (handlers) => {
        const socket = new TestSocket(handlers);
        sockets.push(socket);
        return socket;
      },
    },
    data: { load: async () => ok(examples), deleteAll: async () => {} },
    model: { fetch: async () => ok(modelBytesOf(task)) },
    trainer: quickTrainer,
    clock,
    random: seededRandom('tab'),
    identity: { open: async () => ({ signer: nobleSigner(seededRandom('identity')(32)), slot: 0 }) },
    attempts: keptAttempts(),
    ledger: ledgerInMemory(),
    acquaintances: null,
    links: NO_LINKS,
    suite: nobleSuite,
    ...changes,
  };
  const session = new ParticipantSession(
    ports,
    { run: RUN, invitation, ...(consent && { consent }) },
    ({ status }) => {
      if (statuses.at(-1) !== status.kind) statuses.push(status.kind);
    },
  );
  return {
    session,
    clock,
    sockets,
    statuses,
    get view() {
      return session.view();
    },
    get socket() {
      const socket = sockets.at(-1);
      invariant(socket, 'a socket was opened');
      return socket;
    },
  };
}

export const greeting: ToParticipantOf<'greeting'> = {
  kind: 'greeting',
  nonce: new Uint8Array(32).fill(1),
  coordinatorKey: coordinatorSigner.publicKey,
};

export const welcomeTo = (task: Task, index = 1): Welcome => ({
  kind: 'welcome',
  task,
  shard: { index, of: 4 },
  rounds: 2,
  minCohort: MIN_COHORT,
  onePerProfile: false,
});

/** The end of a run of two rounds. */
export const finished = {
  kind: 'finished',
  outcome: 'done',
  rounds: 2,
  modelHash: new Uint8Array(32).fill(1),
} as const;

export function offerOf(changes: Partial<Offer> = {}, task = tinyTask): Offer {
  return {
    run: RUN,
    round: 1,
    attempt: 1,
    nonce: new Uint8Array(32),
    modelHash: hexToBytes(modelHashOf(modelBytesOf(task))),
    taskId: task.id,
    training: task.training,
    quantization: task.quantization,
    weightMax: task.weightMax,
    invited: 4,
    minCohort: MIN_COHORT,
    minSurvivors: MIN_COHORT,
    accomplices: 1,
    dropoutPerMille: 0,
    vectorWords: parameterCount(task.model) + AUXILIARY_LANES,
    privacy: null,
    seed: 1,
    durationsMs: DURATION_MS,
    ...changes,
  };
}

/** As the coordinator of these tests sends it. */
export async function signedOffer(offer: Offer): Promise<ToParticipantOf<'offer'>> {
  const terms = encodeOffer(offer);
  return { kind: 'offer', terms, signature: await coordinatorSigner.sign('offer', terms) };
}

export const sidOf = (offer: Offer): Sid => sidOfOffer(encodeOffer(offer), coordinatorSigner.publicKey);

/** A tab whose first connection is open, and not yet greeted. */
export async function joiningTab(changes: Partial<ParticipantPorts> = {}, task = tinyTask): Promise<TestTab> {
  const tab = testTab(changes, task);
  tab.session.join();
  await settle();
  tab.socket.open();
  return tab;
}

/** A tab that waits for its first round. */
export async function waitingTab(changes: Partial<ParticipantPorts> = {}, task = tinyTask): Promise<TestTab> {
  const tab = await joiningTab(changes, task);
  await seat(tab, task);
  return tab;
}

/** Opens the newest connection, and greets and welcomes the tab. */
export async function seat(tab: TestTab, task = tinyTask, index = 1): Promise<void> {
  tab.socket.open();
  await tab.socket.deliver(greeting);
  await tab.socket.deliver(welcomeTo(task, index));
}
