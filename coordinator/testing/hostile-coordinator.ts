/**
 * A coordinator that breaks the rules as a test tells it to: a real server on a loopback port, which speaks the
 * protocol, signs whatever it is given, and meets real participant sessions. It believes nothing and checks nothing.
 */
import { WebSocketServer, type WebSocket } from 'ws';
import { bytesToHex } from '#shared/base/bytes.ts';
import { isParticipantId, type ParticipantId, type RunId, type Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import { nobleSigner, type Signer } from '#shared/crypto/identity.ts';
import { decodeToCoordinator, encodeMessage } from '#shared/protocol/codec.ts';
import { createInvitation, encodeInvitation, type InvitationKind } from '#shared/protocol/invitation.ts';
import { MIN_COHORT } from '#shared/protocol/limits.ts';
import type { ToCoordinator, ToCoordinatorOf, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { tinyTask } from './tiny-coordinator.ts';

export const HOSTILE_RUN = 'hostilehostileho' as RunId;
/** In which the invitations of these tests expire: not yet. */
const LATER_SECONDS = 4_000_000_000;

type Kind = ToCoordinator['kind'];

/** All that one participant has sent, over all its connections. */
export class Correspondent {
  readonly id: ParticipantId;
  readonly sent: ToCoordinator[] = [];
  #socket: WebSocket;
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(id: ParticipantId, socket: WebSocket) {
    this.id = id;
    this.#socket = socket;
  }

  get kinds(): readonly Kind[] {
    return this.sent.map((message) => message.kind);
  }

  all<K extends Kind>(kind: K): readonly ToCoordinatorOf<K>[] {
    return this.sent.filter((message): message is ToCoordinatorOf<K> => message.kind === kind);
  }

  send(message: ToParticipant): void {
    this.#socket.send(encodeMessage(message));
  }

  /** On another connection. */
  returned(socket: WebSocket): void {
    this.#socket = socket;
  }

  take(message: ToCoordinator): void {
    this.sent.push(message);
    this.#waiting = this.#waiting.filter(({ holds, resolve }) => {
      if (!holds()) return true;
      resolve();
      return false;
    });
  }

  /** The newest message of that kind, when there are `count` of them. */
  async heard<K extends Kind>(kind: K, count = 1): Promise<ToCoordinatorOf<K>> {
    const holds = () => this.all(kind).length >= count;
    if (!holds()) await new Promise<void>((resolve) => void this.#waiting.push({ holds, resolve }));
    const found = this.all(kind).at(-1);
    invariant(found, 'it was heard');
    return found;
  }

  /** The same, of that attempt. */
  async heardOf<K extends Kind>(kind: K, sid: Sid): Promise<ToCoordinatorOf<K>> {
    for (let count = 1; ; count++) {
      const found = await this.heard(kind, count);
      const message: ToCoordinator = found;
      if ('sid' in message && bytesToHex(message.sid) === sid) return found;
    }
  }
}

export class HostileCoordinator {
  readonly signer: Signer = nobleSigner(systemRandom(32));
  readonly #admin = nobleSigner(systemRandom(32));
  readonly #server: WebSocketServer;
  readonly #people = new Map<ParticipantId, Correspondent>();
  readonly #guests: { leave(): void }[] = [];
  #waiting: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => this.#greet(socket));
  }

  static async start(): Promise<HostileCoordinator> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => void server.once('listening', resolve));
    return new HostileCoordinator(server);
  }

  get origin(): string {
    const address = this.#server.address();
    invariant(typeof address === 'object' && address !== null, 'it listens on a port');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Sessions that leave when it closes; they would come back for ever otherwise. */
  sees(guest: { leave(): void }): void {
    this.#guests.push(guest);
  }

  async close(): Promise<void> {
    for (const guest of this.#guests) guest.leave();
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  /** A link's fragment; by another `admin` for one that nobody in the run knows. */
  async invite(kind: InvitationKind = 'open', admin: Signer = this.#admin): Promise<string> {
    const terms = { kind, expirySeconds: LATER_SECONDS, inviteSecret: systemRandom(32) };
    return encodeInvitation(await createInvitation(admin, HOSTILE_RUN, terms));
  }

  /** Resolves when the participant has loaded its data on its newest connection. */
  async ready(id: ParticipantId, times = 1): Promise<Correspondent> {
    for (;;) {
      const person = this.#people.get(id);
      if (person !== undefined) {
        await person.heard('ready', times);
        return person;
      }
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }

  #greet(socket: WebSocket): void {
    let person: Correspondent | null = null;
    socket.on('message', (data) => {
      invariant(data instanceof Uint8Array, 'a session sends binary frames');
      const decoded = decodeToCoordinator(data);
      invariant(decoded.ok, 'a session sends messages');
      const message = decoded.value;
      if (message.kind === 'hello') person = this.#welcome(message, socket);
      person?.take(message);
    });
    socket.on('error', () => socket.terminate());
    const nonce = new Uint8Array(systemRandom(32));
    socket.send(encodeMessage({ kind: 'greeting', nonce, coordinatorKey: this.signer.publicKey }));
  }

  #welcome({ participant }: ToCoordinatorOf<'hello'>, socket: WebSocket): Correspondent {
    const id = bytesToHex(participant);
    invariant(isParticipantId(id), 'the codec gives 32 bytes');
    const known = this.#people.get(id);
    known?.returned(socket);
    const person = known ?? new Correspondent(id, socket);
    this.#people.set(id, person);
    const shard = { index: 0, of: 1 };
    person.send({
      kind: 'welcome',
      task: tinyTask,
      shard,
      rounds: 9,
      minCohort: MIN_COHORT,
      onePerProfile: false,
    });
    for (const resolve of this.#waiting.splice(0)) resolve();
    return person;
  }
}
