import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId } from '../base/ids.ts';
import type { Advertise } from './messages/directions.ts';
import {
  advertiseBody,
  advertiseDigest,
  rosterEntries,
  rosterList,
  rosterRoot,
  selfMaskCommitment,
  sidOfOffer,
  type RosterEntry,
} from './transcript.ts';

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
    digest: bytesToHex(new Uint8Array(32).fill(index + 7)),
  }));

  it('ROSTER-4: is SHA-256 of "roster", sid, n and each id with the hash of its advertise', () => {
    const list = entries.flatMap((entry) => [hexToBytes(entry.participant), hexToBytes(entry.digest)]);
    const expected = sha256(Buffer.from('roster'), hexToBytes(sid), Buffer.from([0, 0, 0, 3]), ...list);
    expect(bytesToHex(rosterRoot(sid, rosterList(entries)))).toBe(expected);
  });

  it('ROSTER-4: another sid, key, participant, order or size makes another root', () => {
    const [first, second, third] = entries as [RosterEntry, RosterEntry, RosterEntry];
    const other = sidOfOffer(Uint8Array.of(2), new Uint8Array(32));
    const roots = [
      rosterRoot(sid, rosterList(entries)),
      rosterRoot(other, rosterList(entries)),
      rosterRoot(sid, rosterList([first, second])),
      rosterRoot(sid, rosterList([second, first, third])),
      rosterRoot(sid, rosterList([first, second, { ...third, digest: first.digest }])),
      rosterRoot(sid, rosterList([first, second, { ...third, participant: participant('4d') }])),
    ];
    expect(new Set(roots.map(bytesToHex)).size).toBe(roots.length);
  });

  it('ROSTER-4: a list is read back as it was written, and one that ends within an entry is none', () => {
    expect(rosterEntries(rosterList(entries))).toEqual({ ok: true, value: entries });
    expect(rosterEntries(rosterList(entries).subarray(1)).ok).toBe(false);
  });
});

describe('an advertise', () => {
  const advertise: Advertise = {
    kind: 'advertise',
    sid: new Uint8Array(32).fill(2),
    participant: new Uint8Array(32).fill(1),
    chain: new Uint8Array(197),
    maskKey: new Uint8Array(32).fill(3),
    sealKey: new Uint8Array(32).fill(4),
    commitment: new Uint8Array(32).fill(5),
    link: new Uint8Array(0),
    signature: new Uint8Array(64).fill(6),
  };

  it('SAME-1: is the same whatever its signature, and another with any other field', () => {
    const digests = [
      advertiseDigest(advertise),
      advertiseDigest({ ...advertise, maskKey: new Uint8Array(32).fill(9) }),
      advertiseDigest({ ...advertise, sealKey: new Uint8Array(32).fill(9) }),
      advertiseDigest({ ...advertise, commitment: new Uint8Array(32).fill(9) }),
      advertiseDigest({ ...advertise, link: new Uint8Array(16) }),
      advertiseDigest({ ...advertise, sid: new Uint8Array(32) }),
      advertiseDigest({ ...advertise, chain: new Uint8Array(197).fill(1) }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(advertiseDigest({ ...advertise, signature: new Uint8Array(64) })).toBe(digests[0]);
    expect(advertiseDigest(advertise)).toBe(sha256(advertiseBody(advertise)));
  });
});

describe('a self mask’s commitment', () => {
  it('is SHA-256 of "b", sid and seed', () => {
    const sid = sidOfOffer(Uint8Array.of(1), new Uint8Array(32));
    const seed = new Uint8Array(32).fill(3);
    expect(bytesToHex(selfMaskCommitment(sid, seed))).toBe(sha256(Buffer.from('b'), hexToBytes(sid), seed));
  });
});
