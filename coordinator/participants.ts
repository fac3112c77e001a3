/** Who is connected to a run, and which shard of the demo data each holds. */
import type { ParticipantId } from '#shared/base/ids.ts';
import type { ShardReference } from '#shared/data/shards.ts';
import type { ParticipantView } from '#shared/protocol/api.ts';
import type { FaultCode } from '#shared/protocol/faults.ts';
import type { ToParticipant } from '#shared/protocol/messages/directions.ts';

/** A participant's connection, as the run sees it. */
export interface Connection {
  /** Higher for those that were opened later. */
  readonly serial: number;
  send(message: ToParticipant): void;
  /** Ends the connection; whatever was sent before still goes out. */
  close(): void;
  /** Says why, and ends the connection. */
  refuse(code: FaultCode, detail: string): void;
}

export interface Participant {
  readonly id: ParticipantId;
  /** Hex; of the link it came with. */
  readonly inviteKey: string;
  readonly connection: Connection;
  readonly shard: number;
  readonly joinedAt: string;
  /** What trains there; null until its data are loaded. */
  backend: string | null;
  /** It declined an offer because its person paused it; it says when it is ready again. */
  paused: boolean;
  /** Of its training in the attempt under way. */
  progressPercent: number;
}

export class Participants {
  readonly #byId = new Map<ParticipantId, Participant>();
  readonly #shards: number;

  constructor(shards: number) {
    this.#shards = shards;
  }

  /** With the shard it held before where that is free, else with the one that fewest hold, lowest first. */
  join(
    id: ParticipantId,
    inviteKey: string,
    connection: Connection,
    held: ShardReference | null,
  ): Participant {
    const participant: Participant = {
      id,
      inviteKey,
      connection,
      shard: this.#assign(held),
      joinedAt: new Date().toISOString(),
      backend: null,
      progressPercent: 0,
      paused: false,
    };
    this.#byId.set(id, participant);
    return participant;
  }

  #assign(held: ShardReference | null): number {
    const holders = Array.from({ length: this.#shards }, () => 0);
    for (const { shard } of this.#byId.values()) holders[shard] = (holders[shard] ?? 0) + 1;
    if (held !== null && held.of === this.#shards && holders[held.index] === 0) return held.index;
    return holders.indexOf(Math.min(...holders));
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: ParticipantId): Participant | undefined {
    return this.#byId.get(id);
  }

  remove(id: ParticipantId): void {
    this.#byId.delete(id);
  }

  all(): Participant[] {
    return [...this.#byId.values()];
  }

  /** Data loaded, and not paused: it can take an offer. */
  ready(): Participant[] {
    return this.all().filter((participant) => participant.backend !== null && !participant.paused);
  }

  /** `standing` tells what one does in the attempt under way, null where nothing. */
  views(
    standing: (
      id: ParticipantId,
    ) => Exclude<ParticipantView['status'], 'loading' | 'waiting' | 'paused'> | null,
  ): ParticipantView[] {
    return this.all().map(({ id, shard, backend, progressPercent, joinedAt, paused }) => {
      const status = backend === null ? 'loading' : (standing(id) ?? (paused ? 'paused' : 'waiting'));
      return { id, shard, backend, status, progressPercent, joinedAt };
    });
  }
}
