/** What one tab sent, put back together from its frames. */
import type { Sid } from '#shared/base/ids.ts';
import { bytesToHex, concatBytes } from '#shared/base/bytes.ts';
import { decodeToCoordinator } from '#shared/protocol/codec.ts';
import type { ToCoordinator } from '#shared/protocol/messages/directions.ts';

/** Throws where a frame is none of the protocol. */
export function messageOf(frame: Uint8Array): ToCoordinator {
  const decoded = decodeToCoordinator(frame);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  return decoded.value;
}

/** For Wire.hold: true of the `count`th frame of that kind. */
export function nth(count: number, kind: ToCoordinator['kind']): (frame: Uint8Array) => boolean {
  let seen = 0;
  return (frame) => messageOf(frame).kind === kind && ++seen === count;
}

/** The uploaded vector's bytes for `sid`, chunks joined in order. */
export const uploadOf = (frames: readonly Uint8Array[], sid: Sid): Uint8Array =>
  concatBytes(
    ...frames
      .map(messageOf)
      .filter((message) => message.kind === 'masked')
      .filter((message) => bytesToHex(message.sid) === sid)
      .map((message) => message.bytes),
  );
