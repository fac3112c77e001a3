/**
 * One participant's WebSocket session: decode, check, forward, send. A frame that breaks the rules costs its
 * sender the connection, and nobody else anything.
 */
import type { WebSocket } from 'ws';
import { bytesToBase64Url, bytesToHex } from '#shared/base/bytes.ts';
import { isParticipantId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { decodeToCoordinator, encodeMessage } from '#shared/protocol/codec.ts';
import type { Fault, FaultCode } from '#shared/protocol/faults.ts';
import { MAX_MESSAGES_PER_SECOND, PROTOCOL_VERSION, UPLOAD_CHUNK_BYTES } from '#shared/protocol/limits.ts';
import type { ToCoordinator, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { equalSecrets } from './access.ts';
import type { Logger } from './logger.ts';
import type { Connection, Participant } from './participants.ts';
import type { Run } from './run.ts';
import type { Runs } from './runs.ts';

type Hello = Extract<ToCoordinator, { kind: 'hello' }>;

export interface SessionPorts {
  readonly runs: Runs;
  readonly logger: Logger;
  /** A connection that sends no hello within this time is closed. */
  readonly helloMs: number;
  /** Between two pings; a connection that missed one is gone at the next. */
  readonly livenessMs: number;
}

export class Session {
  readonly #socket: WebSocket;
  readonly #ports: SessionPorts;
  readonly #helloTimer: NodeJS.Timeout;
  readonly #liveness: NodeJS.Timeout;
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
    if (message.kind === 'hello') return this.#hello(message);
    if (this.#joined === null)
      return this.#refuse({
        code: 'wrong-phase',
        detail: `The first message was ${message.kind}, not hello.`,
      });
    this.#joined.run.receive(this.#joined.participant, message, data.length);
  }

  /** Chunks of an upload are bounded by its length and the line, not by their number in a second. */
  #isFlooding(data: unknown): boolean {
    if (data instanceof Uint8Array && data.length > UPLOAD_CHUNK_BYTES) return false;
    const second = Math.floor(performance.now() / 1_000);
    this.#messages = second === this.#second ? this.#messages + 1 : 1;
    this.#second = second;
    return this.#messages > MAX_MESSAGES_PER_SECOND;
  }

  #hello(hello: Hello): void {
    const fault = (code: FaultCode, detail: string) => this.#refuse({ code, detail });
    if (this.#joined !== null) return fault('wrong-phase', 'A second hello came on one connection.');
    if (hello.protocol !== PROTOCOL_VERSION)
      return fault(
        'unsupported-protocol',
        `This coordinator speaks version ${PROTOCOL_VERSION}; reload the page.`,
      );
    const run = this.#ports.runs.get(hello.run);
    if (run === undefined) return fault('unknown-run', 'There is no such run here.');
    if (!equalSecrets(bytesToBase64Url(hello.invitation), run.record.invitation))
      return fault('unknown-invitation', 'This invitation is not for this run.');
    if (run.isOver) return this.#tellOver(run);
    const id = bytesToHex(hello.participant);
    invariant(isParticipantId(id), 'the codec gives 32 bytes');
    if (run.has(id)) return fault('duplicate-participant', 'This participant is connected already.');
    const participant = run.join(id, this.#connection(), hello.shard);
    if (participant === null) return fault('run-full', 'This run takes no more participants.');
    clearTimeout(this.#helloTimer);
    this.#joined = { run, participant };
  }

  /** A tab that comes back after the end learns how it ended. */
  #tellOver(run: Run): void {
    this.#send(run.finishedMessage());
    this.#socket.close(1000);
  }

  #connection = (): Connection => ({
    send: (message) => this.#send(message),
    close: () => this.#socket.close(1000),
  });
}
