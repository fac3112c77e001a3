/** Who is connected to a run, and which shard of the demo data each holds. */
import type { ParticipantId } from '#shared/base/ids.ts';
import type { ShardReference } from '#shared/data/shards.ts';
import type { ParticipantView } from '#shared/protocol/api.ts';
import type { ToParticipant } from '#shared/protocol/messages/directions.ts';

/** A participant's connection, as the run sees it. */
export interface Connection {
  send(message: ToParticipant): void;
  /** Ends the connection; whatever was sent before still goes out. */
  close(): void;
}

export interface Participant {
  readonly id: ParticipantId;
  readonly connection: Connection;
  readonly shard: number;
  readonly joinedAt: string;
  /** What trains there; null until its data are loaded. */
  backend: string | null;
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
  join(id: ParticipantId, connection: Connection, held: ShardReference | null): Participant {
    const participant: Participant = {
      id,
      connection,
      shard: this.#assign(held),
      joinedAt: new Date().toISOString(),
      backend: null,
      progressPercent: 0,
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

  /** Data loaded: it can take an offer. */
  ready(): Participant[] {
    return this.all().filter((participant) => participant.backend !== null);
  }

  /** `standing` tells what one does in the attempt under way, null where nothing. */
  views(
    standing: (id: ParticipantId) => Exclude<ParticipantView['status'], 'loading' | 'waiting'> | null,
  ): ParticipantView[] {
    return this.all().map(({ id, shard, backend, progressPercent, joinedAt }) => {
      const status = backend === null ? 'loading' : (standing(id) ?? 'waiting');
      return { id, shard, backend, status, progressPercent, joinedAt };
    });
  }
}
