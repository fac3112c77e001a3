/**
 * The way to the coordinator: one socket after another, tried again by itself with ever longer pauses. What was sent is
 * reported; what comes is decoded.
 */
import { decodeToParticipant, encodeMessage } from '../protocol/codec.ts';
import type { ToCoordinator, ToParticipant } from '../protocol/messages/directions.ts';
import type { ParticipantPorts, Socket } from './ports.ts';
import { retryMs } from './reconnection.ts';

/** From the first try to the answer to hello; what has not come by then does not come. */
const ANSWER_MS = 15_000;

export interface ConnectionListener {
  /** The `attempt`-th try (1-based) since this participant last had its place. */
  connecting(attempt: number): void;
  message(message: ToParticipant): void;
  /** The coordinator sent bytes that are no message. */
  unreadable(): void;
  /** It is tried again by itself, after so long. */
  lost(retryInMs: number): void;
  sent(message: ToCoordinator, bytes: number): void;
}

export class Connection {
  readonly #ports: Pick<ParticipantPorts, 'socket' | 'clock' | 'random'>;
  readonly #listener: ConnectionListener;
  #socket: Socket | null = null;
  #attempt = 0;
  /** The next try, or the end of patience with this one. */
  #cancelTimer: (() => void) | null = null;
  #isOver = false;

  constructor(ports: Pick<ParticipantPorts, 'socket' | 'clock' | 'random'>, listener: ConnectionListener) {
    this.#ports = ports;
    this.#listener = listener;
  }

  /** Null while there is none; another object for each connection. */
  get current(): object | null {
    return this.#socket;
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedBytes() ?? 0;
  }

  connect(): void {
    if (this.#isOver) return;
    this.#attempt++;
    this.#listener.connecting(this.#attempt);
    const socket: Socket = this.#ports.socket.open({
      onOpen: () => {},
      onFrame: (frame) => {
        if (this.#socket === socket) this.#receive(frame);
      },
      onClose: () => {
        if (this.#socket === socket) this.lose();
      },
    });
    this.#socket = socket;
    this.#cancelTimer = this.#ports.clock.after(ANSWER_MS, () => this.lose());
  }

  /** The coordinator has answered hello. */
  answered(): void {
    this.#cancelTimer?.();
  }

  /** This participant has its place: the next loss is a first one. */
  placed(): void {
    this.#attempt = 0;
  }

  /** It is of no use any more, or gone. */
  lose(): void {
    this.#cancelTimer?.();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (this.#isOver) return;
    const inMs = retryMs(this.#attempt, this.#ports.random);
    this.#cancelTimer = this.#ports.clock.after(inMs, () => this.connect());
    this.#listener.lost(inMs);
  }

  /** For good: from here on nothing is sent or heard. The socket closes with `close`. */
  end(): { close(): void } {
    this.#isOver = true;
    this.#cancelTimer?.();
    const socket = this.#socket;
    this.#socket = null;
    return { close: () => socket?.close() };
  }

  send(message: ToCoordinator): void {
    if (this.#socket === null) return;
    const frame = encodeMessage(message);
    this.#listener.sent(message, frame.length);
    this.#socket.send(frame);
  }

  #receive(frame: Uint8Array): void {
    const decoded = decodeToParticipant(frame);
    if (decoded.ok) this.#listener.message(decoded.value);
    else this.#listener.unreadable();
  }
}
