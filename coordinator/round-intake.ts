/** A participant's messages about a round: to the attempt under way, and into what the admin sees of it. */
import { bytesToHex } from '#shared/base/bytes.ts';
import { unreachable } from '#shared/base/invariant.ts';
import type { ToCoordinator } from '#shared/protocol/messages/directions.ts';
import type { Participant } from './participants.ts';
import type { RoundDriver } from './round-driver.ts';

export type RoundMessage = Extract<ToCoordinator, { sid: unknown }>;

/** `driver` is the attempt under way, `frameBytes` the message's size on the wire. */
export function receiveInRound(
  driver: RoundDriver | null,
  participant: Participant,
  message: RoundMessage,
  frameBytes: number,
): void {
  const from = participant.id;
  if (driver === null || bytesToHex(message.sid) !== driver.plan.sid)
    // It may have been on its way when the attempt ended.
    return participant.connection.send({
      kind: 'fault',
      code: 'unknown-sid',
      detail: `A message ${message.kind} is for no round that is under way.`,
      closing: false,
    });
  driver.count(from, frameBytes);
  switch (message.kind) {
    case 'accept':
      return driver.take({ kind: 'accept', from });
    case 'decline':
      return driver.take({ kind: 'decline', from, reason: message.reason });
    case 'progress':
      participant.progressPercent = message.percent;
      return driver.take({ kind: 'progress', from, percent: message.percent });
    case 'advertise':
      return driver.take({ kind: 'advertise', from, maskKey: bytesToHex(message.maskKey) });
    case 'masked':
      return driver.take({ kind: 'masked', from, chunk: message });
    default:
      return unreachable(message);
  }
}
