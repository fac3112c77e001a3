/**
 * A tab of a schedule: the client application itself, with a trainer that takes virtual time and ports that are
 * watched. Its identity and its memory of attempts outlive a reload; its secrets do not.
 */
import { bytesToHex } from '../base/bytes.ts';
import { isParticipantId, type ModelHash, type ParticipantId, type Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { randomInteger, seededRandom, type RandomSource } from '../base/random.ts';
import { fail, ok } from '../base/result.ts';
import type { Agreement } from '../crypto/agreement.ts';
import type { Signer } from '../crypto/identity.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { quantizeUpdate } from '../numeric/quantize.ts';
import { ledgerInMemory } from '../participant/ledger-in-memory.ts';
import type { ParticipantPorts, Socket, SocketHandlers, TrainerPort } from '../participant/ports.ts';
import { ParticipantSession } from '../participant/session.ts';
import { decodeToCoordinator, encodeMessage } from '../protocol/codec.ts';
import type { ToCoordinator } from '../protocol/messages/directions.ts';
import { quantizationTerms } from '../round/vector.ts';
import type { Checks } from './checks.ts';
import { Connection } from './connections.ts';
import type { LinkHub } from './links.ts';
import type { Setting } from './setting.ts';
import type { VirtualClock } from './virtual-clock.ts';

const SECRET_BYTES = 32;

export interface TabPorts {
  readonly seed: string;
  readonly setting: Setting;
  readonly signer: Signer;
  readonly invitation: string;
  readonly clock: VirtualClock;
  readonly hub: LinkHub;
  readonly suite: CryptoSuite;
  readonly checks: Checks;
  /** Resolves when the schedule says so. */
  turn(): Promise<void>;
  /** Bytes of a stored model; null where the coordinator does not answer. */
  model(hash: ModelHash): Uint8Array | null;
  /** What a planted bug sends besides a message. */
  besides(message: ToCoordinator): ToCoordinator | null;
}

/** One page load. */
interface Page {
  readonly session: ParticipantSession;
  readonly leaveHub: () => void;
  /** Attempts that this page began. */
  readonly begun: Sid[];
  /** What was drawn and agreed for attempts, to be zeroed. */
  readonly secrets: Uint8Array[];
  isAlive: boolean;
}

export class Tab {
  readonly index: number;
  readonly id: ParticipantId;
  readonly #ports: TabPorts;
  readonly #remembered = new Set<Sid>();
  readonly #ledger = ledgerInMemory();
  readonly #random: RandomSource;
  #page: Page;
  #pages = 0;
  connection: Connection | null = null;
  /** Its next training fails, or takes as long. */
  trainsNext: 'well' | 'badly' | 'too-long' = 'well';

  constructor(index: number, ports: TabPorts) {
    this.index = index;
    this.#ports = ports;
    this.#random = seededRandom(`${ports.seed} tab ${index}`);
    const id = bytesToHex(ports.signer.publicKey);
    invariant(isParticipantId(id), 'a public key is an id');
    this.id = id;
    this.#page = this.#load();
  }

  get isAlive(): boolean {
    return this.#page.isAlive;
  }

  get session(): ParticipantSession {
    return this.#page.session;
  }

  /** The attempt that this page is in; null where it is in none. */
  get attempt(): Sid | null {
    const { session, begun } = this.#page;
    const isBusy = !session.isOver && begun.length > session.view().rounds.length;
    return isBusy ? (begun.at(-1) ?? null) : null;
  }

  /** For good. */
  kill(): void {
    this.#page.isAlive = false;
    this.#page.leaveHub();
  }

  /** The page is loaded again; what it knew is gone. */
  reload(): void {
    this.kill();
    this.#page = this.#load();
  }

  /** Nothing of this tab is on its way: what belonged to attempts that are over must be zero. */
  inspect(): void {
    const { session, secrets } = this.#page;
    const { checks, clock } = this.#ports;
    const { status, rounds } = session.view();
    const name = `tab ${this.index}`;
    if (status.kind === 'failed') checks.violated(`${name} failed: ${status.detail}`);
    if (rounds.some(({ evidence }) => evidence !== null)) checks.violated(`${name} holds evidence`);
    const sid = this.attempt;
    if (sid !== null) return checks.inAttempt(sid, clock.nowMs);
    if (secrets.some((secret) => secret.some((byte) => byte !== 0)))
      checks.violated(`${name} holds a secret of an attempt that is over`);
    secrets.length = 0;
  }

  #load(): Page {
    const { setting, invitation, hub } = this.#ports;
    const page = this.#pages++;
    const isReachable = randomInteger(this.#random, 100) < setting.linkPercent;
    const { links, leave } = hub.join(isReachable);
    const secrets: Uint8Array[] = [];
    const begun: Sid[] = [];
    const isAlive = () => loaded.isAlive;
    const ports = this.#portsOf({ links, secrets, begun, isAlive, page });
    const session = new ParticipantSession(ports, { run: setting.run, invitation }, () => {});
    const loaded: Page = { session, leaveHub: leave, begun, secrets, isAlive: true };
    session.join();
    return loaded;
  }

  #portsOf({
    links,
    secrets,
    begun,
    isAlive,
    page,
  }: Pick<Page, 'secrets' | 'begun'> & {
    readonly links: ParticipantPorts['links'];
    readonly isAlive: () => boolean;
    readonly page: number;
  }): ParticipantPorts {
    const { seed, signer, clock, suite, setting, turn } = this.#ports;
    const random = seededRandom(`${seed} tab ${this.index} page ${page}`);
    const port = clock.portOf(isAlive);
    const slowly = setting.slowCryptography ? turn : async () => {};
    const pause = (ms: number) => new Promise<void>((resolve) => void port.after(ms, resolve));
    return {
      socket: { open: (handlers) => this.#dial(handlers, isAlive) },
      data: {
        load: async () => ok({ count: 3, inputs: new Float32Array(6), labels: new Uint8Array(3) }),
        deleteAll: async () => {},
      },
      model: {
        fetch: async (hash) => {
          await pause(50);
          const bytes = this.#ports.model(hash);
          return bytes === null ? fail({ detail: 'The coordinator does not answer.' }) : ok(bytes);
        },
      },
      trainer: this.#trainer(begun, random, pause),
      clock: port,
      random: (length) => {
        const bytes = random(length);
        if (length === SECRET_BYTES) secrets.push(bytes);
        return bytes;
      },
      identity: {
        open: async () => ({
          slot: this.index,
          signer: {
            publicKey: signer.publicKey,
            sign: async (domain, body) => {
              await slowly();
              return signer.sign(domain, body);
            },
          },
        }),
      },
      attempts: {
        remember: async (sid) => {
          const isNew = !this.#remembered.has(sid);
          this.#remembered.add(sid);
          await slowly();
          if (isNew && isAlive()) begun.push(sid);
          return isNew;
        },
      },
      ledger: this.#ledger,
      acquaintances: null,
      links,
      suite: {
        prg: suite.prg,
        agreement: watchedAgreement(suite.agreement, slowly, secrets),
        sha256: (bytes) => suite.sha256(bytes),
        verify: (check) => suite.verify(check),
        verifyAll: async (checks) => {
          await slowly();
          return suite.verifyAll(checks);
        },
      },
    };
  }

  /** Trains in virtual time; what it gives is noted for the sum. */
  #trainer(begun: readonly Sid[], random: RandomSource, pause: (ms: number) => Promise<void>): TrainerPort {
    return {
      start: async () => ok('virtual'),
      train: async ({ parameters, onBatch, signal }) => {
        const sid = begun.at(-1);
        const how = this.trainsNext;
        this.trainsNext = 'well';
        for (let batch = 1; batch <= 4; batch++) {
          await pause(how === 'too-long' ? 60_000 : randomInteger(random, 5_000));
          if (signal.aborted) return fail({ code: 'cancelled', detail: 'It was cancelled.' });
          onBatch({ batch, batches: 4, epoch: 1, loss: 1 });
        }
        if (how === 'badly') return fail({ code: 'non-finite', detail: 'It was planned to.' });
        const drawn = random(parameters.length);
        const delta = parameters.map((_, i) => (drawn[i] ?? 0) / 128 - 1);
        const weight = 1 + randomInteger(random, 10);
        const offer = sid === undefined ? null : this.#ports.checks.offerOf(sid);
        const words = offer && quantizeUpdate(delta, weight, quantizationTerms(offer));
        invariant(sid && words?.ok, 'training is for an attempt, and finite');
        this.#ports.checks.trained(sid, this.id, words.value);
        return ok({ delta, examples: weight, loss: 1 });
      },
    };
  }

  #dial(handlers: SocketHandlers, isAlive: () => boolean): Socket {
    const connection = new Connection(this.index, {
      onOpen: () => isAlive() && handlers.onOpen(),
      onFrame: (frame) => isAlive() && handlers.onFrame(frame),
      onClose: () => isAlive() && handlers.onClose(),
    });
    this.connection = connection;
    const socket = connection.socket();
    return {
      ...socket,
      send: (frame) => {
        if (!isAlive()) return;
        const decoded = decodeToCoordinator(frame);
        invariant(decoded.ok, 'a participant sends messages');
        this.#ports.checks.left(this.id, decoded.value);
        socket.send(frame);
        const more = this.#ports.besides(decoded.value);
        if (more === null) return;
        this.#ports.checks.left(this.id, more);
        socket.send(encodeMessage(more));
      },
    };
  }
}

/** Secrets that were agreed are to be zeroed as well. */
function watchedAgreement(
  agreement: Agreement,
  slowly: () => Promise<void>,
  secrets: Uint8Array[],
): Agreement {
  return {
    agreeAll: async (secretKey, publicKeys) => {
      // The secret key is taken at once, as WebCrypto does; the answer comes later.
      const agreed = await agreement.agreeAll(secretKey, publicKeys);
      await slowly();
      for (const result of agreed) if (result.ok) secrets.push(result.value);
      return agreed;
    },
  };
}
