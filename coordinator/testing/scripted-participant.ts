/**
 * A participant that a test moves step by step over a real socket: real frames, keys and masks, scripted
 * updates. Nothing here waits for time: what is awaited is a message, or the end of the connection.
 */
import { WebSocket, type ClientOptions } from 'ws';
import { bytesToHex } from '#shared/base/bytes.ts';
import { isParticipantId, isRunId, type ParticipantId, type Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import { nobleSigner, type Signer } from '#shared/crypto/identity.ts';
import { decodeToParticipant, encodeMessage } from '#shared/protocol/codec.ts';
import { chainFor, decodeInvitation } from '#shared/protocol/invitation.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import type {
  ToCoordinator,
  ToCoordinatorOf,
  ToParticipant,
  Welcome,
} from '#shared/protocol/messages/directions.ts';
import { helloBody } from '#shared/protocol/transcript.ts';

export type Hello = ToCoordinatorOf<'hello'>;
type Kind = ToParticipant['kind'];
type MessageOf<K extends Kind> = Extract<ToParticipant, { kind: K }>;

/** The link that a participant opens. */
export interface Invitation {
  readonly port: number;
  readonly run: string;
  /** The link's fragment. */
  readonly invitation: string;
}

interface Waiting {
  readonly kind: Kind;
  matches(message: ToParticipant): boolean;
  resolve(message: ToParticipant): void;
  reject(error: Error): void;
}

export class ScriptedParticipant {
  readonly id: ParticipantId;
  readonly signer: Signer;
  /** Of its identity; another connection with it is the same participant. */
  readonly secretKey: Uint8Array;
  readonly invitation: Invitation;
  /** The close code, once the connection has ended. */
  readonly closed: Promise<number>;
  /** Kinds of all that came, in order. */
  readonly heard: Kind[] = [];
  readonly #socket: WebSocket;
  readonly opened: Promise<void>;
  readonly #unread: ToParticipant[] = [];
  readonly #waiting: Waiting[] = [];
  /** From the greeting. */
  #coordinatorKey: Uint8Array | null = null;
  /** From the admin's key to this identity. */
  #chain: Uint8Array | null = null;
  #welcome: Welcome | null = null;
  #isClosed = false;

  /** `secretKey` is its identity's. */
  constructor(invitation: Invitation, secretKey: Uint8Array = systemRandom(32), options: ClientOptions = {}) {
    this.secretKey = secretKey;
    this.signer = nobleSigner(secretKey);
    const hex = bytesToHex(this.signer.publicKey);
    invariant(isParticipantId(hex), 'an id has 32 bytes');
    this.id = hex;
    this.invitation = invitation;
    this.#socket = new WebSocket(`ws://127.0.0.1:${invitation.port}/ws`, options);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.on('open', resolve);
      this.#socket.on('error', reject);
    });
    this.#socket.on('message', (data) => this.#receive(data));
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', (code) => {
        this.#isClosed = true;
        for (const { kind, reject } of this.#waiting.splice(0)) reject(this.#never(kind));
        resolve(code);
      });
    });
  }

  #receive(data: unknown): void {
    invariant(data instanceof Uint8Array, 'the coordinator sends binary frames');
    const decoded = decodeToParticipant(data);
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    const message = decoded.value;
    this.heard.push(message.kind);
    if (message.kind === 'greeting') this.#coordinatorKey = message.coordinatorKey;
    if (message.kind === 'welcome') this.#welcome = message;
    const index = this.#waiting.findIndex((waiting) => waiting.matches(message));
    if (index < 0) this.#unread.push(message);
    else this.#waiting.splice(index, 1)[0]?.resolve(message);
  }

  #never(kind: Kind): Error {
    return new Error(`The connection closed without ${kind}; what came: ${this.heard.join(', ')}.`);
  }

  get coordinatorKey(): Uint8Array {
    invariant(this.#coordinatorKey, 'it was greeted');
    return this.#coordinatorKey;
  }

  get welcome(): Welcome {
    invariant(this.#welcome, 'it was welcomed');
    return this.#welcome;
  }

  get chain(): Uint8Array {
    invariant(this.#chain, 'it has said hello');
    return this.#chain;
  }

  /**
   * The next message of that kind, those that came already first; with `sid`, of that attempt. Rejects when the
   * connection ends before.
   */
  next<K extends Kind>(kind: K, sid?: Sid): Promise<MessageOf<K>> {
    const matches = (message: ToParticipant): message is MessageOf<K> =>
      message.kind === kind && (sid === undefined || ('sid' in message && bytesToHex(message.sid) === sid));
    const came = this.#unread.find(matches);
    if (came) {
      this.#unread.splice(this.#unread.indexOf(came), 1);
      return Promise.resolve(came);
    }
    if (this.#isClosed) return Promise.reject(this.#never(kind));
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        kind,
        matches,
        resolve: (message) => {
          if (matches(message)) resolve(message);
        },
        reject,
      });
    });
  }

  send(message: ToCoordinator): void {
    this.sendRaw(encodeMessage(message));
  }

  /** As it is: a string goes as a text frame. */
  sendRaw(frame: Uint8Array | string): void {
    this.#socket.send(frame);
  }

  async hello(changes: Partial<Hello> = {}): Promise<void> {
    await this.opened;
    const { nonce, coordinatorKey } = await this.next('greeting');
    const { run } = this.invitation;
    const invitation = decodeInvitation(this.invitation.invitation);
    invariant(invitation.ok && isRunId(run), 'a test has a whole link');
    this.#chain = await chainFor(invitation.value, run, this.signer.publicKey);
    this.send({
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      run,
      participant: this.signer.publicKey,
      chain: this.#chain,
      proof: await this.signer.sign('hello', helloBody(nonce, coordinatorKey, run)),
      shard: null,
      resume: null,
      ...changes,
    });
  }

  /** From hello to the waiting room. */
  async join(changes: Partial<Hello> = {}): Promise<this> {
    await this.hello(changes);
    await this.next('welcome');
    this.send({ kind: 'ready', backend: 'scripted' });
    await this.next('room');
    return this;
  }

  /** As if the cable were cut. */
  async drop(): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }
}
