/** The closed list of what a peer or the network can do wrong. Codes are part of the wire format. */
export const FAULT_CODES = [
  'malformed', // not deterministic CBOR, or not a message of the schema
  'oversized', // longer than the frame limit
  'unsupported-protocol', // another protocol version
  'unknown-run',
  'unknown-invitation', // no chain from the run's admin key to this identity, or an expired one
  'bad-proof', // the identity was not proven on this connection
  'run-ended',
  'run-full', // no shard left, or MAX_COHORT reached
  'replaced', // the same identity has connected again
  'unknown-sid',
  'wrong-phase',
  'wrong-length', // an upload whose lanes, chunks or order are not what the offer says
  'wrong-hash', // an upload chunk whose bytes are not those its hash names
  'bad-signature',
  'not-in-roster',
  'second-key', // another advertise for the same sid, or the mask key of another participant
  'second-value', // another body for one message of this attempt
  'too-many-messages',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** `detail` is a sentence for a person; it never holds keys, masks, updates or data. */
export type Fault = { readonly code: FaultCode; readonly detail: string };

/** Why a round ended without a sum. */
export const ABORT_CODES = [
  'too-few-accepted',
  'too-few-trained',
  'unsafe-cohort', // no graph protects a cohort of this size against the offer's accomplices and dropouts
  'too-few-shared', // fewer than minCohort hold enough shares of each other
  'too-few-uploaded', // fewer than minSurvivors, or too few holders of somebody's shares
  'too-few-confirmed',
  'too-few-shares', // a mask that must come off cannot be rebuilt from the shares that were revealed
  'sum-invalid', // the opened sum breaks the offer's terms: someone uploaded what it should not have
  'stopped', // by the admin
  'coordinator-restarted',
] as const;
export type AbortCode = (typeof ABORT_CODES)[number];
