/**
 * One participant's WebSocket session: decode, check, forward, send. A frame that breaks the rules costs its
 * sender the connection, and nobody else anything.
 */
import type { WebSocket } from 'ws';
import { bytesToHex } from '#shared/base/bytes.ts';
import { isParticipantId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import { decodeToCoordinator, encodeMessage } from '#shared/protocol/codec.ts';
import type { Fault, FaultCode } from '#shared/protocol/faults.ts';
import { MAX_MESSAGES_PER_SECOND, PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import type { ToCoordinatorOf, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { helloBody } from '#shared/protocol/transcript.ts';
import type { Logger } from './logger.ts';
import type { Connection, Participant } from './participants.ts';
import type { Run } from './run.ts';
import type { Runs } from './runs.ts';

/** Larger frames are chunks of an upload. */
const SMALL_FRAME_BYTES = 16_384;

export interface SessionPorts {
  readonly runs: Runs;
  /** Ed25519 public key of this coordinator, 32 bytes. */
  readonly coordinatorKey: Uint8Array<ArrayBuffer>;
  readonly suite: CryptoSuite;
  readonly logger: Logger;
  /** A connection that sends no hello within this time is closed. */
  readonly helloMs: number;
  /** Between two pings; a connection that missed one is gone at the next. */
  readonly livenessMs: number;
}

/** Opened so far, in this process. */
let connections = 0;

export class Session {
  readonly #socket: WebSocket;
  readonly #ports: SessionPorts;
  readonly #helloTimer: NodeJS.Timeout;
  readonly #liveness: NodeJS.Timeout;
  /** What hello proves its identity for. */
  readonly #nonce = new Uint8Array(systemRandom(32));
  readonly #serial = ++connections;
  #greeted = false;
  #alive = true;
  #joined: { readonly run: Run; readonly participant: Participant } | null = null;
  #second = 0;
  #messages = 0;

  constructor(socket: WebSocket, ports: SessionPorts) {
    this.#socket = socket;
    this.#ports = ports;
    const noHello = () => this.#refuse({ code: 'malformed', detail: 'No hello came in time.' });
    this.#helloTimer = setTimeout(noHello, ports.helloMs);
    this.#liveness = setInterval(() => this.#ping(), ports.livenessMs);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => (this.#alive = true));
    // ws names oversized and broken frames here, and sends the close frame (1009, 1002) by itself.
    socket.on('error', (error) => {
      ports.logger.info(`a connection broke: ${error.message}`);
      this.#leave();
    });
    socket.on('close', () => {
      clearTimeout(this.#helloTimer);
      clearInterval(this.#liveness);
      this.#leave();
    });
    this.#send({ kind: 'greeting', nonce: this.#nonce, coordinatorKey: ports.coordinatorKey });
  }

  /** A connection whose other end is gone is noticed within two pings. */
  #ping(): void {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    this.#socket.ping();
  }

  /** At once, however long the other end takes to close. */
  #leave(): void {
    const joined = this.#joined;
    this.#joined = null;
    joined?.run.leave(joined.participant);
  }

  #send(message: ToParticipant): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(encodeMessage(message));
  }

  #refuse(fault: Fault): void {
    this.#ports.logger.info(`a connection was refused: ${fault.code}`);
    this.#send({ kind: 'fault', ...fault, closing: true });
    this.#socket.close(1008, fault.code);
    this.#leave();
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#isFlooding(data))
      return this.#refuse({
        code: 'too-many-messages',
        detail: `More than ${MAX_MESSAGES_PER_SECOND} messages came in a second.`,
      });
    if (!isBinary || !(data instanceof Uint8Array))
      return this.#refuse({ code: 'malformed', detail: 'Only binary frames are taken.' });
    const decoded = decodeToCoordinator(data);
    if (!decoded.ok) return this.#refuse(decoded.fault);
    const message = decoded.value;
    if (message.kind === 'hello') return void this.#hello(message);
    if (this.#joined === null)
      return this.#refuse({
        code: 'wrong-phase',
        detail: `The first message was ${message.kind}, not hello.`,
      });
    this.#joined.run.receive(this.#joined.participant, message, data.length);
  }

  /** Chunks of an upload are bounded by its length and the line, not by their number in a second. */
  #isFlooding(data: unknown): boolean {
    if (data instanceof Uint8Array && data.length > SMALL_FRAME_BYTES) return false;
    const second = Math.floor(performance.now() / 1_000);
    this.#messages = second === this.#second ? this.#messages + 1 : 1;
    this.#second = second;
    return this.#messages > MAX_MESSAGES_PER_SECOND;
  }

  async #hello(hello: ToCoordinatorOf<'hello'>): Promise<void> {
    const fault = (code: FaultCode, detail: string) => this.#refuse({ code, detail });
    if (this.#greeted) return fault('wrong-phase', 'A second hello came on one connection.');
    this.#greeted = true;
    if (hello.protocol !== PROTOCOL_VERSION)
      return fault(
        'unsupported-protocol',
        `This coordinator speaks version ${PROTOCOL_VERSION}; reload the page.`,
      );
    const run = this.#ports.runs.get(hello.run);
    if (run === undefined) return fault('unknown-run', 'There is no such run here.');
    const chain = run.invitations.inspect(hello.chain, hello.participant);
    if (!chain.ok)
      return fault('unknown-invitation', `This invitation does not open this run: ${chain.fault}.`);
    if (!(await this.#isProven(hello)))
      return fault('bad-proof', 'The identity was not proven on this connection.');
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const id = bytesToHex(hello.participant);
    invariant(isParticipantId(id), 'the codec gives 32 bytes');
    if (run.isOver && (run.presence.isTaken(chain.value, id) || run.presence.isFull(id)))
      return this.#tellOver(run);
    if (run.presence.isTaken(chain.value, id))
      return fault('unknown-invitation', 'This personal invitation is in use by somebody else.');
    // A hello that was slow on its way does not put out the connection that came after it.
    if (run.presence.isNewer(id, this.#serial))
      return fault('replaced', 'This participant has connected again.');
    const participant = run.join(id, chain.value, this.#connection(), hello);
    if (participant === null) return fault('run-full', 'This run takes no more participants.');
    clearTimeout(this.#helloTimer);
    this.#joined = { run, participant };
  }

  /** JOIN-2: a signature for this connection, this coordinator and this run. */
  async #isProven({ proof, participant, run }: ToCoordinatorOf<'hello'>): Promise<boolean> {
    const body = helloBody(this.#nonce, this.#ports.coordinatorKey, run);
    const check = { domain: 'hello', body, signature: proof, publicKey: participant } as const;
    const [valid] = await this.#ports.suite.verifyAll([check]);
    return valid === true;
  }

  /** Of a run that is over, where there is no room to stay for an extension. */
  #tellOver(run: Run): void {
    this.#send(run.finishedMessage());
    this.#socket.close(1000);
  }

  #connection = (): Connection => ({
    serial: this.#serial,
    send: (message) => this.#send(message),
    close: () => this.#socket.close(1000),
    refuse: (code, detail) => this.#refuse({ code, detail }),
  });
}
