/**
 * Branded identifiers. All are lower-case hex or base64url strings inside the program; on the wire
 * they are byte strings (see protocol/messages).
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One federated run; 16 base64url characters, safe in a URL. */
export type RunId = Branded<'RunId'>;
/** One participant of a run (a tab, or a Node participant); 64 hex characters. */
export type ParticipantId = Branded<'ParticipantId'>;
/** One attempt at a round (SHA-256 of the offer and the coordinator's key); 64 hex characters. */
export type Sid = Branded<'Sid'>;
/** SHA-256 of a model's parameter bytes; 64 hex characters. */
export type ModelHash = Branded<'ModelHash'>;

const HEX_32 = /^[0-9a-f]{64}$/;
const RUN_ID = /^[A-Za-z0-9_-]{16}$/;

export const isRunId = (text: string): text is RunId => RUN_ID.test(text);
export const isParticipantId = (text: string): text is ParticipantId => HEX_32.test(text);
export const isSid = (text: string): text is Sid => HEX_32.test(text);
export const isModelHash = (text: string): text is ModelHash => HEX_32.test(text);
