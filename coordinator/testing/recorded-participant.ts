/** A participant as in a tab (shared/participant) over real sockets, with a record of what it was asked and what left it. */
import { bytesToHex } from '#shared/base/bytes.ts';
import type { RunId, Sid } from '#shared/base/ids.ts';
import type { LedgerEntry } from '#shared/privacy/ledger.ts';
import { ParticipantSession } from '#shared/participant/session.ts';
import type { ParticipantPorts } from '#shared/participant/ports.ts';
import { decodeToCoordinator, decodeToParticipant } from '#shared/protocol/codec.ts';
import { nodePorts } from '../simulate/node-ports.ts';

export class RecordedParticipant {
  readonly session: ParticipantSession;
  /** Attempts whose sum it was asked to open. */
  readonly asked = new Set<Sid>();
  /** Attempts for which a masked byte left it. */
  readonly masked = new Set<Sid>();
  readonly #ports: ParticipantPorts;
  readonly #lost = Promise.withResolvers<void>();

  /** At `port`, where it comes back to when the connection is lost. */
  constructor(port: number, join: { readonly run: string; readonly invitation: string }) {
    const start = { ...join, run: join.run as RunId, origin: `http://127.0.0.1:${port}` };
    const ports = nodePorts(start);
    this.#ports = { ...ports, socket: this.#recorded(ports.socket) };
    this.session = new ParticipantSession(this.#ports, start, () => {});
    this.session.join();
  }

  /** Its first connection has ended: whatever was sent on it has been read. */
  get lost(): Promise<void> {
    return this.#lost.promise;
  }

  /** What its own ledger has counted. */
  async ownEntries(): Promise<readonly LedgerEntry[]> {
    const entries = await this.#ports.ledger.entries();
    return entries.ok ? entries.value : [];
  }

  #recorded(socket: ParticipantPorts['socket']): ParticipantPorts['socket'] {
    return {
      open: (handlers) => {
        const opened = socket.open({
          ...handlers,
          onFrame: (frame) => {
            const message = decodeToParticipant(frame);
            if (message.ok && message.value.kind === 'unmask-request')
              this.asked.add(bytesToHex(message.value.sid) as Sid);
            handlers.onFrame(frame);
          },
          onClose: () => {
            this.#lost.resolve();
            handlers.onClose();
          },
        });
        return {
          ...opened,
          send: (frame) => {
            const message = decodeToCoordinator(frame);
            if (message.ok && message.value.kind === 'masked')
              this.masked.add(bytesToHex(message.value.sid) as Sid);
            opened.send(frame);
          },
        };
      },
    };
  }
}
