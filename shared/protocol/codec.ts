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
import { fail, ok, type Result } from '../base/result.ts';
import type { Fault } from './faults.ts';
import { MAX_FRAME_BYTES } from './limits.ts';
import { toCoordinator, toParticipant } from './messages/directions.ts';
import type { ToCoordinator, ToParticipant } from './messages/directions.ts';

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
export function encodeMessage(message: ToCoordinator | ToParticipant): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(message, rfc8949EncodeOptions));
}

/** What a participant sent. Rejects with `oversized` or `malformed`; throws for no input. */
export function decodeToCoordinator(frame: Uint8Array): Result<ToCoordinator, Fault> {
  return decodeMessage(frame, toCoordinator);
}

/** What the coordinator sent. Rejects with `oversized` or `malformed`; throws for no input. */
export function decodeToParticipant(frame: Uint8Array): Result<ToParticipant, Fault> {
  return decodeMessage(frame, toParticipant);
}

function decodeMessage<Message extends ToCoordinator | ToParticipant>(
  frame: Uint8Array,
  schema: v.GenericSchema<unknown, Message>,
): Result<Message, Fault> {
  if (frame.length > MAX_FRAME_BYTES)
    return fail({
      code: 'oversized',
      detail: `A frame of ${frame.length} bytes is over ${MAX_FRAME_BYTES}.`,
    });
  const value = decodeCbor(frame);
  if (!value.ok) return value;
  const parsed = v.safeParse(schema, value.value, { abortEarly: true, abortPipeEarly: true });
  if (!parsed.success) return malformed(`is no known message: ${describe(parsed.issues[0])}`);
  if (!equalBytes(encodeMessage(parsed.output), frame)) return malformed('is not deterministic CBOR');
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

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
