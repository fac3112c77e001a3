/** The closed list of what a peer or the network can do wrong. Codes are part of the wire format. */
export const FAULT_CODES = [
  'malformed', // not deterministic CBOR, or not a message of the schema
  'oversized', // longer than MAX_FRAME_BYTES
  'unsupported-protocol', // another protocol version
  'unknown-run',
  'unknown-invitation',
  'run-ended',
  'run-full', // no shard left, or MAX_COHORT reached
  'duplicate-participant', // a participant of that id is connected
  'unknown-sid',
  'wrong-phase',
  'wrong-length', // an upload whose words, chunks or order are not what the offer says
  'not-in-roster',
  'second-key', // another mask key for the same sid, or the mask key of another participant
  'too-many-messages',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** `detail` is a sentence for a person; it never holds keys, masks, updates or data. */
export type Fault = { readonly code: FaultCode; readonly detail: string };

/** Why a round ended without a sum. */
export const ABORT_CODES = [
  'too-few-accepted',
  'too-few-trained',
  'upload-missing', // someone in the roster left or ran out of time before its upload was complete
  'sum-invalid', // the opened sum breaks the offer's terms: someone uploaded what it should not have
  'stopped', // by the admin
  'coordinator-restarted',
  'not-in-roster', // told to one participant only: its advertise came too late, the round goes on without it
] as const;
export type AbortCode = (typeof ABORT_CODES)[number];
