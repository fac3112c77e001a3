/** Sockets between tabs and the coordinator: two queues of frames each, which a schedule empties in any order. */
import { randomInteger, type RandomSource } from '../base/random.ts';
import type { Socket, SocketHandlers } from '../participant/ports.ts';

/** One direction. Frames arrive in their order; after the end nothing does. */
class Pipe {
  readonly #frames: Uint8Array<ArrayBuffer>[] = [];
  #isEnded = false;
  #endArrived = false;

  push(frame: Uint8Array<ArrayBuffer>): void {
    if (!this.#isEnded) this.#frames.push(frame);
  }

  end(): void {
    this.#isEnded = true;
  }

  /** Nothing arrives any more, not even the end. */
  silence(): void {
    this.#frames.length = 0;
    this.#isEnded = true;
    this.#endArrived = true;
  }

  /** The last frames never arrive. */
  truncate(random: RandomSource): void {
    if (!this.#isEnded) this.#frames.length = randomInteger(random, this.#frames.length + 1);
  }

  get bytes(): number {
    return this.#frames.reduce((sum, frame) => sum + frame.length, 0);
  }

  get isDeliverable(): boolean {
    return this.#frames.length > 0 || (this.#isEnded && !this.#endArrived);
  }

  /** The next frame, or `ended`. */
  take(): Uint8Array<ArrayBuffer> | 'ended' {
    const frame = this.#frames.shift();
    if (frame !== undefined) return frame;
    this.#endArrived = true;
    return 'ended';
  }
}

/** What the coordinator does with a connection. */
export interface Acceptor {
  connected(connection: Connection): void;
  frame(connection: Connection, frame: Uint8Array<ArrayBuffer>): void;
  ended(connection: Connection): void;
}

export class Connection {
  readonly tab: number;
  readonly #handlers: SocketHandlers;
  readonly #up = new Pipe();
  readonly #down = new Pipe();
  #acceptor: Acceptor | null = null;
  #state: 'dialling' | 'open' | 'over' = 'dialling';
  /** Frames are held back until then. */
  heldUntilMs = 0;

  constructor(tab: number, handlers: SocketHandlers) {
    this.tab = tab;
    this.#handlers = handlers;
  }

  get isDialling(): boolean {
    return this.#state === 'dialling';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get canDeliverUp(): boolean {
    return this.#acceptor !== null && this.#up.isDeliverable;
  }

  get canDeliverDown(): boolean {
    return this.#state !== 'dialling' && this.#down.isDeliverable;
  }

  /** Null where nobody listens. */
  connect(acceptor: Acceptor | null): void {
    if (this.#state !== 'dialling') return;
    if (acceptor === null) {
      this.#state = 'over';
      return this.#down.end();
    }
    this.#state = 'open';
    this.#acceptor = acceptor;
    this.#handlers.onOpen();
    acceptor.connected(this);
  }

  /** Receivers own their bytes and may zero them: what is returned is another copy. */
  deliverUp(): Uint8Array<ArrayBuffer> | null {
    const frame = this.#up.take();
    if (frame === 'ended') {
      this.#acceptor?.ended(this);
      return null;
    }
    const copy = frame.slice();
    this.#acceptor?.frame(this, frame);
    return copy;
  }

  deliverDown(): Uint8Array<ArrayBuffer> | null {
    const frame = this.#down.take();
    if (frame === 'ended') {
      this.#state = 'over';
      this.#up.end();
      this.#handlers.onClose();
      return null;
    }
    const copy = frame.slice();
    this.#handlers.onFrame(frame);
    return copy;
  }

  /** A frame arrives a second time. */
  repeat(frame: Uint8Array<ArrayBuffer>, direction: 'up' | 'down'): void {
    if (direction === 'up') this.#acceptor?.frame(this, frame);
    else this.#handlers.onFrame(frame);
  }

  /** The tab's end. */
  socket(): Socket {
    return {
      send: (frame) => this.#up.push(frame.slice()),
      bufferedBytes: () => this.#up.bytes,
      close: () => {
        this.#state = 'over';
        this.#down.silence();
        this.#up.end();
      },
    };
  }

  /** The coordinator's end. */
  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#down.push(frame);
  }

  /** By the coordinator; what was sent before still arrives. */
  close(): void {
    this.#up.silence();
    this.#down.end();
  }

  /** Broken: of what is on its way, some of the first frames still arrive. */
  cut(random: RandomSource): void {
    for (const pipe of [this.#up, this.#down]) {
      pipe.truncate(random);
      pipe.end();
    }
  }

  /** The tab is gone without a word; the coordinator does not see it yet. */
  vanish(): void {
    this.#state = 'over';
    this.#up.silence();
    this.#down.silence();
  }

  /** The coordinator's process is gone. */
  abandon(random: RandomSource): void {
    this.#acceptor = null;
    this.cut(random);
  }
}
