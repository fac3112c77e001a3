/**
 * A loopback proxy between one tab and the coordinator, which keeps every WebSocket frame that the tab sends and
 * can hold frames back, so that a story stops a tab at one exact message.
 */
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

export class Wire {
  /** The tab's frames, in order. */
  readonly sent: Uint8Array[] = [];
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

  #hold: { readonly from: (frame: Uint8Array) => boolean; readonly held: () => void } | null = null;
  /** Frames held back, with the way on for each; null while nothing is held. */
  #held: (() => void)[] | null = null;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const onward = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    this.#server.on('upgrade', (incoming, socket, head) => this.#relay(incoming, socket, head));
  }

  static async to(port: number): Promise<Wire> {
    const wire = new Wire(port);
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Holds the first frame for which `from` is true and all after it; resolves when that frame is here. */
  hold(from: (frame: Uint8Array) => boolean): Promise<void> {
    return new Promise((held) => (this.#hold = { from, held }));
  }

  /** Lets everything held go on, in order. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const goOn of held) goOn();
  }

  #pass(frame: Uint8Array, goOn: () => void): void {
    if (this.#hold?.from(frame)) {
      this.#held = [];
      this.#hold.held();
      this.#hold = null;
    }
    if (this.#held === null) goOn();
    else this.#held.push(goOn);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #relay(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host, origin } = incoming.headers;
    this.#sockets.handleUpgrade(incoming, socket, head, (tab) => {
      const onward = new WebSocket(`ws://127.0.0.1:${this.#target}${incoming.url ?? '/'}`, {
        headers: { host, origin },
        perMessageDeflate: false,
      });
      const waiting: (() => void)[] = [];
      tab.on('message', (data, binary) => {
        const frame = bytesOf(data);
        const goOn = () => {
          if (onward.readyState === WebSocket.CONNECTING) waiting.push(() => onward.send(frame, { binary }));
          else if (onward.readyState === WebSocket.OPEN) onward.send(frame, { binary });
        };
        // The signalling of direct connections passes by.
        if (incoming.url !== '/ws') return goOn();
        this.sent.push(frame);
        this.#pass(frame, goOn);
      });
      onward.on('open', () => {
        for (const goOn of waiting.splice(0)) goOn();
      });
      onward.on('message', (data, isBinary) => tab.send(data, { binary: isBinary }));
      tab.on('close', () => onward.close());
      onward.on('close', () => tab.close());
      tab.on('error', () => onward.terminate());
      onward.on('error', () => tab.terminate());
    });
  }
}

function bytesOf(data: RawData): Uint8Array<ArrayBuffer> {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(Array.isArray(data) ? Buffer.concat(data) : data);
}
