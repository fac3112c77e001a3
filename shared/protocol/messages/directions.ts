/** One union a direction. Every message is a deterministic CBOR map whose `kind` names it. */
import * as v from 'valibot';
import { masked, roster } from './masking.ts';
import { accept, decline, offer } from './offered.ts';
import { abort, result } from './outcome.ts';
import { advertise, progress } from './training.ts';
import { fault, finished, hello, leave, ready, room, welcome } from './waiting.ts';

export const toCoordinator = v.variant('kind', [
  hello,
  ready,
  leave,
  accept,
  decline,
  progress,
  advertise,
  masked,
]);
export type ToCoordinator = v.InferOutput<typeof toCoordinator>;

export const toParticipant = v.variant('kind', [
  welcome,
  room,
  offer,
  roster,
  result,
  abort,
  finished,
  fault,
]);
export type ToParticipant = v.InferOutput<typeof toParticipant>;

export type Offer = v.InferOutput<typeof offer>;
export type Welcome = v.InferOutput<typeof welcome>;
