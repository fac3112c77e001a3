/** Every size and default duration of the protocol. A limit on everything. */

/** Of `hello`; another version is refused (`unsupported-protocol`). */
export const PROTOCOL_VERSION = 3;

/** Fewer would let a participant subtract its own update and read another's. */
export const MIN_COHORT = 3;
export const MAX_COHORT = 1_000;
export const MAX_ROUNDS = 10_000;

/** Default phase durations, in milliseconds from receipt (never clock times). */
export const DURATION_MS = {
  offered: 10_000,
  training: 120_000,
  sharing: 10_000,
  masking: 10_000,
  confirming: 10_000,
  unmasking: 10_000,
} as const;

/** A neighbour that no direct connection has reached by then is reached through the coordinator. */
export const LINK_MS = 5_000;
/** Direct connections of one participant; further neighbours are relayed. */
export const MAX_LINKS = 32;

/** Ring words an update may have, auxiliary lanes included. */
export const MAX_VECTOR_WORDS = 16_777_216;
/** The most bytes of packed lanes in one upload message (protocol/upload-chunks). */
export const UPLOAD_CHUNK_BYTES = 262_144;
/** A larger frame to the coordinator closes the socket: one upload chunk and its envelope. */
export const MAX_FRAME_BYTES = UPLOAD_CHUNK_BYTES + 4_096;
/** A larger frame to a participant is not read: the roster of MAX_COHORT with the advertises of all. */
export const MAX_ROSTER_FRAME_BYTES = 1_048_576;
/** A larger frame between peers is not read. */
export const MAX_PEER_FRAME_BYTES = 4_096;
/** Uploads that the coordinator takes at one time; it holds as many spools, and one sum. */
export const UPLOADS_AT_ONCE = 8;
/** An upload that has its turn and sends nothing for this long goes back to the end of the queue: a full chunk at 52 kB/s. */
export const UPLOAD_STALL_MS = 5_000;
/** A participant stops writing above this many bytes waiting in its socket. */
export const SEND_BUFFER_BYTES = 1_048_576;
/** Ring words after the parameters: one lane holds the number of examples. */
export const AUXILIARY_LANES = 1;

/** From the start (or restart) of a run, a round waits this long for `clients` participants. */
export const GATHER_GRACE_MS = 5_000;
/** A run whose rounds abort this often in a row has failed. */
export const MAX_CONSECUTIVE_ABORTS = 10;

/** A connection that sends no hello within this time is closed. */
export const HELLO_MS = 10_000;
/** Between two pings; a connection that missed one is gone at the next. */
export const LIVENESS_MS = 10_000;
/** A participant whose socket closed may come back within this time before the round goes on without it. */
export const RECONNECT_GRACE_MS = 3_000;
/** A participant that sends more is disconnected. */
export const MAX_MESSAGES_PER_SECOND = 200;
