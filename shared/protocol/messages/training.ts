/** While participants train. All participant → coordinator. */
import * as v from 'valibot';
import { agreementKey, bytes32, count } from './common.ts';

export const progress = v.strictObject({
  kind: v.literal('progress'),
  sid: bytes32,
  percent: v.pipe(count, v.maxValue(100)),
});
/** The participant has trained and takes part in the masking with this fresh X25519 public key. */
export const advertise = v.strictObject({
  kind: v.literal('advertise'),
  sid: bytes32,
  maskKey: agreementKey,
});
