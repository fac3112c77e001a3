/** Before and between rounds: hello, welcome, the waiting room, leaving, the end of a run. */
import * as v from 'valibot';
import { task } from '../../tasks/task.ts';
import { FAULT_CODES } from '../faults.ts';
import { bytes32, bytesOf, count, text } from './common.ts';

/** Index of a shard among `of` equal parts of a demo data set; 0-based. */
const shard = v.strictObject({ index: count, of: count });

// participant → coordinator

/** First message on a socket, and again after each reconnect. */
export const hello = v.strictObject({
  kind: v.literal('hello'),
  protocol: count,
  run: text(16),
  /** The secret of the invitation link. */
  invitation: bytesOf(16),
  /** Fresh a page load. */
  participant: bytes32,
  /** The shard this participant already holds (a reconnect), null on the first hello. */
  shard: v.nullable(shard),
});
/** Its data are loaded: it counts as present in the waiting room. */
export const ready = v.strictObject({ kind: v.literal('ready'), backend: text(40) });
export const leave = v.strictObject({ kind: v.literal('leave') });

// coordinator → participant

export const welcome = v.strictObject({
  kind: v.literal('welcome'),
  /** Ed25519 public key of this coordinator; bound into every sid. */
  coordinatorKey: bytes32,
  task,
  shard,
  rounds: count,
  minCohort: count,
});
/** Sent whenever the number changes while the participant waits. */
export const room = v.strictObject({ kind: v.literal('room'), here: count, needed: count });
/** The run is over; the last model can be fetched by hash. */
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
