import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId } from '../base/ids.ts';
import { encodeMessage } from './codec.ts';
import { rosterRoot, sidOfOffer, type RosterEntry } from './transcript.ts';

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
const participant = (hex: string): ParticipantId => {
  const id = hex.repeat(64 / hex.length);
  if (!isParticipantId(id)) throw new Error(id);
  return id;
};

describe('sidOfOffer', () => {
  const key = new Uint8Array(32).fill(4);

  it('OFFER-1: is SHA-256 of "sid", the offer’s bytes and the coordinator’s key', () => {
    const frame = Uint8Array.of(1, 2, 3);
    expect(sidOfOffer(frame, key)).toBe(sha256(Buffer.from('sid'), frame, key));
  });

  it('OFFER-1: one bit of the offer or another key makes another sid', () => {
    const sids = [
      sidOfOffer(Uint8Array.of(1, 2, 3), key),
      sidOfOffer(Uint8Array.of(1, 2, 2), key),
      sidOfOffer(Uint8Array.of(1, 2, 3), new Uint8Array(32)),
    ];
    expect(new Set(sids).size).toBe(3);
  });
});

describe('rosterRoot', () => {
  const sid = sidOfOffer(Uint8Array.of(1), new Uint8Array(32));
  const entries: readonly RosterEntry[] = ['1a', '2b', '3c'].map((hex, index) => ({
    participant: participant(hex),
    maskKey: bytesToHex(new Uint8Array(32).fill(index + 7)),
  }));

  it('ROSTER-4: is SHA-256 of "roster", sid, n and each id with the hash of its advertise', () => {
    const list = entries.flatMap((entry) => {
      const frame = encodeMessage({
        kind: 'advertise',
        sid: hexToBytes(sid),
        maskKey: hexToBytes(entry.maskKey),
      });
      return [hexToBytes(entry.participant), Buffer.from(sha256(frame), 'hex')];
    });
    const expected = sha256(Buffer.from('roster'), hexToBytes(sid), Buffer.from([0, 0, 0, 3]), ...list);
    expect(bytesToHex(rosterRoot(sid, entries))).toBe(expected);
  });

  it('ROSTER-4: another sid, key, participant, order or size makes another root', () => {
    const [first, second, third] = entries as [RosterEntry, RosterEntry, RosterEntry];
    const other = sidOfOffer(Uint8Array.of(2), new Uint8Array(32));
    const roots = [
      rosterRoot(sid, entries),
      rosterRoot(other, entries),
      rosterRoot(sid, [first, second]),
      rosterRoot(sid, [second, first, third]),
      rosterRoot(sid, [first, second, { ...third, maskKey: first.maskKey }]),
      rosterRoot(sid, [first, second, { ...third, participant: participant('4d') }]),
    ];
    expect(new Set(roots.map(bytesToHex)).size).toBe(roots.length);
  });
});
