/**
 * Frames: bytes ↔ messages. Every frame is one deterministic CBOR map (RFC 8949, section 4.2.1) of one
 * message's schema, and nothing else.
 *
 * cborg refuses what it can tell (lengths not minimal or indefinite, repeated keys, trailing bytes, tags,
 * undefined, NaN, infinities, big integers); key order, float widths and broken UTF-8 show when the message
 * is encoded again and the bytes differ.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import * as v from 'valibot';
import { equalBytes } from '../base/bytes.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Fault } from './faults.ts';
import { MAX_FRAME_BYTES, MAX_PEER_FRAME_BYTES, MAX_ROSTER_FRAME_BYTES } from './limits.ts';
import { toCoordinator, toParticipant, toPeer } from './messages/directions.ts';
import type { Offer, ToCoordinator, ToParticipant, ToPeer } from './messages/directions.ts';
import { offerTerms } from './messages/offered.ts';

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
} as const;

/** The one encoding of a message. */
export function encodeMessage(message: ToCoordinator | ToParticipant | ToPeer): Uint8Array<ArrayBuffer> {
  return encodeValue(message);
}

/** The one encoding of an offer's terms. */
export const encodeOffer = (terms: Offer): Uint8Array<ArrayBuffer> => encodeValue(terms);

/** Deterministic CBOR of any value made of maps, arrays, texts, bytes and numbers. */
export function encodeValue(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(value, rfc8949EncodeOptions));
}

/** What a participant sent. Rejects with `oversized` or `malformed`; throws for no input. */
export function decodeToCoordinator(frame: Uint8Array): Result<ToCoordinator, Fault> {
  return decodeFrame(frame, toCoordinator, MAX_FRAME_BYTES);
}

/** What the coordinator sent. Rejects with `oversized` or `malformed`; throws for no input. */
export function decodeToParticipant(frame: Uint8Array): Result<ToParticipant, Fault> {
  return decodeFrame(frame, toParticipant, MAX_ROSTER_FRAME_BYTES);
}

/** What a peer sent on a direct connection. Rejects with `oversized` or `malformed`; throws for no input. */
export function decodeToPeer(frame: Uint8Array): Result<ToPeer, Fault> {
  return decodeFrame(frame, toPeer, MAX_PEER_FRAME_BYTES);
}

/** The terms within an offer. Rejects with `malformed`. */
export function decodeOffer(terms: Uint8Array): Result<Offer, Fault> {
  return decodeFrame(terms, offerTerms, MAX_FRAME_BYTES);
}

function decodeFrame<Message>(
  frame: Uint8Array,
  schema: v.GenericSchema<unknown, Message>,
  maxBytes: number,
): Result<Message, Fault> {
  if (frame.length > maxBytes)
    return fail({ code: 'oversized', detail: `A frame of ${frame.length} bytes is over ${maxBytes}.` });
  const value = decodeCbor(frame);
  if (!value.ok) return value;
  const parsed = v.safeParse(schema, value.value, { abortEarly: true, abortPipeEarly: true });
  if (!parsed.success) return malformed(`is no known message: ${describe(parsed.issues[0])}`);
  if (!equalBytes(encodeValue(parsed.output), frame)) return malformed('is not deterministic CBOR');
  return ok(parsed.output);
}

/** cborg throws for bad input, and the engine for input nested too deeply; both are the sender's doing. */
function decodeCbor(frame: Uint8Array): Result<unknown, Fault> {
  try {
    return ok(decode(new Uint8Array(frame), DECODE_OPTIONS));
  } catch {
    return malformed('is not deterministic CBOR');
  }
}

const malformed = (what: string) => fail({ code: 'malformed', detail: `The frame ${what}.` } as const);

/** Names the field, never its value. */
function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? 'not a map with a known kind' : `field ${path.slice(0, 80)}`;
}
