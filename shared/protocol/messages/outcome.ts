/** How a round ended. Both coordinator → participant, persisted before they are sent. */
import * as v from 'valibot';
import { ABORT_CODES } from '../faults.ts';
import { bytes32, count, text } from './common.ts';

export const result = v.strictObject({
  kind: v.literal('result'),
  sid: bytes32,
  /** SHA-256 of the opened ring sum, little-endian 32-bit words. */
  sumHash: bytes32,
  modelHash: bytes32,
  survivors: count,
});
export const abort = v.strictObject({
  kind: v.literal('abort'),
  sid: bytes32,
  code: v.picklist(ABORT_CODES),
  detail: text(400),
});
