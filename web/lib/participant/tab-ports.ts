/** The tab's ports: its own WebSocket, fetch, IndexedDB, timers and trainer, all in the worker. */
import { systemRandom } from '#shared/base/random.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { Examples } from '#shared/data/examples.ts';
import {
  loadShard,
  MANIFEST_FILE,
  type ShardFault,
  type ShardPorts,
  type ShardReference,
} from '#shared/data/shards.ts';
import type { PeerLinks } from '#shared/participant/peer-links.ts';
import type { IdentityPort, ParticipantPorts, SocketPort } from '#shared/participant/ports.ts';
import type { Task } from '#shared/tasks/task.ts';
import { AttemptsVault } from './attempts-vault.ts';
import { KnownPeers } from './known-peers.ts';
import type { ChunkVault } from './chunk-vault.ts';
import { PrivacyLedger } from './privacy-ledger.ts';
import { tabSuite } from './tab-suite.ts';

export async function tabPorts(
  vault: ChunkVault,
  identity: IdentityPort,
  links: PeerLinks,
): Promise<ParticipantPorts> {
  const trainer = () => import('./tab-trainer.ts').then((module) => module.tabTrainer);
  return {
    socket: socketPort,
    data: {
      load: (task, shard, onProgress) => loadShard(shard, shardSource(vault, task), onProgress),
      deleteAll: () => vault.clear(),
    },
    model: {
      fetch: async (hash) => {
        const bytes = await fetchBytes(`/api/models/${hash}`);
        return bytes.ok ? bytes : fail({ detail: bytes.fault });
      },
    },
    trainer: {
      start: async () => {
        try {
          return await (await trainer()).start();
        } catch {
          return fail({ code: 'backend', detail: 'the training code could not be loaded. Reload the page.' });
        }
      },
      train: async (job) => (await trainer()).train(job),
    },
    clock: {
      nowMs: () => Date.now(),
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    random: systemRandom,
    identity,
    attempts: new AttemptsVault(),
    ledger: new PrivacyLedger(),
    acquaintances: new KnownPeers(),
    links,
    suite: await tabSuite(),
  };
}

/** The shard as this browser keeps it: but for the data set's list nothing is downloaded, and nothing is stored. */
export function keptShard(
  vault: ChunkVault,
  task: Task,
  shard: ShardReference,
): Promise<Result<Examples, ShardFault>> {
  const source = shardSource(vault, task);
  return loadShard(
    shard,
    {
      ...source,
      fetchBytes: async (file) =>
        file === MANIFEST_FILE
          ? source.fetchBytes(file)
          : fail(`${file} is not kept in this browser any more. Reload the page to load it again.`),
      keep: async () => ok(undefined),
    },
    () => {},
  );
}

/** A data set's files: downloaded from the coordinator, and kept in this browser. */
function shardSource(vault: ChunkVault, { data }: Task): ShardPorts {
  const path = (file: string) => `${data.dataset}/${file}`;
  return {
    fetchBytes: (file) => fetchBytes(`/demo/${path(file)}`),
    kept: (file) => vault.get(path(file)),
    keep: (file, bytes) => vault.put(path(file), bytes),
  };
}

async function fetchBytes(path: string): Promise<Result<Uint8Array, string>> {
  try {
    const response = await fetch(path);
    if (!response.ok) return fail(`${path} answered ${response.status}.`);
    return ok(new Uint8Array(await response.arrayBuffer()));
  } catch {
    return fail(`${path} could not be reached.`);
  }
}

const socketPort: SocketPort = {
  open: (handlers) => {
    const { protocol, host } = self.location;
    const socket = new WebSocket(`${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/ws`);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => handlers.onOpen();
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) handlers.onFrame(new Uint8Array(data));
    };
    socket.onclose = () => handlers.onClose();
    return {
      send: (frame) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(frame);
      },
      bufferedBytes: () => socket.bufferedAmount,
      close: () => socket.close(),
    };
  },
};
