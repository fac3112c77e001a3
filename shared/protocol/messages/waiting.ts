/** Before and between rounds: greeting, hello, welcome, the waiting room, leaving, the end of a run. */
import * as v from 'valibot';
import { task } from '../../tasks/task.ts';
import { runTerms } from '../../tasks/terms.ts';
import { FAULT_CODES } from '../faults.ts';
import { bytes32, bytesUpTo, count, signature, text } from './common.ts';

/** Index of a shard among `of` equal parts of a demo data set; 0-based. */
const shard = v.strictObject({ index: count, of: count });

/** An invitation chain (protocol/invitation): from the admin's key to one identity. */
export const invitationChain = bytesUpTo(320);

// coordinator → participant

/** First message on a socket. */
export const greeting = v.strictObject({
  kind: v.literal('greeting'),
  /** What `hello` proves its identity for; fresh a connection. */
  nonce: bytes32,
  /** Ed25519 public key of this coordinator; bound into every sid, signs what it says about rounds. */
  coordinatorKey: bytes32,
});

// participant → coordinator

/** The answer to the greeting, on every connection. */
export const hello = v.strictObject({
  kind: v.literal('hello'),
  protocol: count,
  run: text(16),
  /** Ed25519 public key of this participant, its id. */
  participant: bytes32,
  chain: invitationChain,
  /** Signature over ("hello", nonce ‖ coordinator key ‖ run). */
  proof: signature,
  /** The shard this participant already holds (a reconnect), null on the first hello. */
  shard: v.nullable(shard),
  /** The attempt whose secrets this participant still holds, null where none. */
  resume: v.nullable(bytes32),
});
/** Its data are loaded: it counts as present in the waiting room. */
export const ready = v.strictObject({ kind: v.literal('ready'), backend: text(40) });
export const leave = v.strictObject({ kind: v.literal('leave') });
/** What its person has agreed to: after a welcome, before `ready`, and as the answer to `extended`. */
export const agreed = v.strictObject({
  kind: v.literal('agreed'),
  terms: runTerms,
  /** Its person has been asked about the newest extension: terms below it are a no. */
  isAnswer: v.boolean(),
});

// coordinator → participant

export const welcome = v.strictObject({
  kind: v.literal('welcome'),
  task,
  shard,
  rounds: count,
  minCohort: count,
  /** The run takes one tab of a browser profile; a second one leaves by itself. */
  onePerProfile: v.boolean(),
});
/** Sent whenever the number changes while the participant waits. */
export const room = v.strictObject({ kind: v.literal('room'), here: count, needed: count });
/** An admin has extended the run to these terms, in all; nothing beyond what was agreed to follows before `agreed`. */
export const extended = v.strictObject({ kind: v.literal('extended'), terms: runTerms });
/** The run is over; the last model can be fetched by hash. The connection stays for an extension. */
export const finished = v.strictObject({
  kind: v.literal('finished'),
  outcome: v.picklist(['done', 'stopped', 'failed']),
  rounds: count,
  modelHash: bytes32,
});
/** What the receiver did wrong; the socket is closed after it where `closing`. */
export const fault = v.strictObject({
  kind: v.literal('fault'),
  code: v.picklist(FAULT_CODES),
  detail: text(400),
  closing: v.boolean(),
});
