/** One union a direction. Every message is a deterministic CBOR map whose `kind` names it. */
import * as v from 'valibot';
import { masked, maskedReady, maskRequest, uploadGrant } from './masking.ts';
import { accept, decline, offer, type offerTerms } from './offered.ts';
import { abort, dismissed, result } from './outcome.ts';
import { link, peersGone, relayed, roster, share, shared, shares } from './sharing.ts';
import { advertise, progress } from './training.ts';
import { confirm, confirmations, reveal, unmaskRequest } from './unmasking.ts';
import {
  agreed,
  extended,
  fault,
  finished,
  greeting,
  hello,
  leave,
  ready,
  room,
  welcome,
} from './waiting.ts';

export const toCoordinator = v.variant('kind', [
  hello,
  ready,
  leave,
  agreed,
  accept,
  decline,
  progress,
  advertise,
  shares,
  shared,
  maskedReady,
  masked,
  confirm,
  reveal,
]);
export type ToCoordinator = v.InferOutput<typeof toCoordinator>;

export const toParticipant = v.variant('kind', [
  greeting,
  welcome,
  room,
  extended,
  offer,
  roster,
  relayed,
  peersGone,
  maskRequest,
  uploadGrant,
  unmaskRequest,
  confirmations,
  result,
  abort,
  dismissed,
  finished,
  fault,
]);
export type ToParticipant = v.InferOutput<typeof toParticipant>;

export const toPeer = v.variant('kind', [link, share]);
export type ToPeer = v.InferOutput<typeof toPeer>;

/** The terms of an attempt. */
export type Offer = v.InferOutput<typeof offerTerms>;
export type Welcome = v.InferOutput<typeof welcome>;
export type Advertise = v.InferOutput<typeof advertise>;
export type ToCoordinatorOf<Kind extends ToCoordinator['kind']> = Extract<ToCoordinator, { kind: Kind }>;
export type ToParticipantOf<Kind extends ToParticipant['kind']> = Extract<ToParticipant, { kind: Kind }>;
