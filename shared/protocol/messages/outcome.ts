/** How a round ended. All coordinator → participant; result and abort are persisted before they are sent. */
import * as v from 'valibot';
import { ABORT_CODES } from '../faults.ts';
import { bytes32, count, signature, text } from './common.ts';

/** Signed ("outcome"). */
export const result = v.strictObject({
  kind: v.literal('result'),
  sid: bytes32,
  /** SHA-256 of the opened ring sum, little-endian 32-bit words, each reduced to W bits. */
  sumHash: bytes32,
  modelHash: bytes32,
  survivors: count,
  signature,
});
/** Signed ("outcome"). */
export const abort = v.strictObject({
  kind: v.literal('abort'),
  sid: bytes32,
  code: v.picklist(ABORT_CODES),
  detail: text(400),
  signature,
});
/** To one participant: the round goes on without it. */
export const dismissed = v.strictObject({
  kind: v.literal('dismissed'),
  sid: bytes32,
  detail: text(400),
});
