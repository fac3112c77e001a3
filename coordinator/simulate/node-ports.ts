/** A Node participant's ports: ws, fetch, chunks in memory, tfjs on this thread. */
import { WebSocket } from 'ws';
import type { RunId, Sid } from '#shared/base/ids.ts';
import { systemRandom } from '#shared/base/random.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import { loadShard } from '#shared/data/shards.ts';
import { MAX_ROSTER_FRAME_BYTES } from '#shared/protocol/limits.ts';
import { ledgerInMemory } from '#shared/participant/ledger-in-memory.ts';
import { NO_LINKS } from '#shared/participant/no-links.ts';
import type { AttemptsPort, ParticipantPorts, SocketPort } from '#shared/participant/ports.ts';
import { startBackend } from '#shared/training/backend.ts';
import { trainLocally, type ThreadBreaks } from '#shared/training/trainer.ts';
import { openSslSigner } from '../crypto/openssl-signer.ts';
import { openSslSuite } from '../crypto/openssl-suite.ts';
import { nodeWasmFiles } from '../evaluation/wasm-files.ts';

export interface NodeJoin {
  /** Origin of the coordinator, without a slash at the end. */
  readonly origin: string;
  readonly run: RunId;
  readonly invitation: string;
}

/** Every participant of a thread reads its socket after each batch, its own or another's. */
const turnsOfTheLoop: ThreadBreaks = {
  next: () => new Promise((resolve) => void setImmediate(resolve)),
  close: () => {},
};

export function nodePorts({ origin }: NodeJoin): ParticipantPorts {
  return {
    socket: socketPort(origin),
    data: {
      load: (task, shard, onProgress) =>
        loadShard(
          shard,
          {
            fetchBytes: (path) => fetchBytes(`${origin}/demo/${task.data.dataset}/${path}`),
            kept: async () => undefined,
            keep: async () => ok(undefined),
          },
          onProgress,
        ),
      deleteAll: async () => {},
    },
    model: {
      fetch: async (hash) => {
        const bytes = await fetchBytes(`${origin}/api/models/${hash}`);
        return bytes.ok ? bytes : fail({ detail: bytes.fault });
      },
    },
    trainer: {
      start: async () => {
        const backend = await startBackend(nodeWasmFiles());
        return backend.ok ? backend : fail({ code: 'backend', detail: backend.fault });
      },
      train: (job) => trainLocally(job, turnsOfTheLoop),
    },
    clock: {
      nowMs: () => Date.now(),
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    random: systemRandom,
    // A process is one page load: a fresh identity, and attempts are remembered while it lasts.
    identity: { open: async () => ({ signer: openSslSigner(systemRandom(32)), slot: null }) },
    attempts: attemptsInMemory(),
    ledger: ledgerInMemory(),
    acquaintances: null,
    links: NO_LINKS,
    suite: openSslSuite,
  };
}

function attemptsInMemory(): AttemptsPort {
  const seen = new Set<Sid>();
  return {
    remember: async (sid) => {
      const isNew = !seen.has(sid);
      seen.add(sid);
      return isNew;
    },
  };
}

async function fetchBytes(url: string): Promise<Result<Uint8Array, string>> {
  try {
    const response = await fetch(url);
    if (!response.ok) return fail(`${url} answered ${response.status}.`);
    return ok(new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    return fail(`${url} could not be reached (${error instanceof Error ? error.message : String(error)}).`);
  }
}

const socketPort = (origin: string): SocketPort => ({
  open: (handlers) => {
    const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/ws`, {
      maxPayload: MAX_ROSTER_FRAME_BYTES,
    });
    socket.on('open', () => handlers.onOpen());
    socket.on('message', (data) => {
      if (data instanceof Uint8Array) handlers.onFrame(data);
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => handlers.onClose());
    return {
      send: (frame) => {
        if (socket.readyState === socket.OPEN) socket.send(frame);
      },
      bufferedBytes: () => socket.bufferedAmount,
      close: () => socket.close(1000),
    };
  },
});
