import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { nobleSigner } from '../crypto/identity.ts';
import { nobleSuite } from '../crypto/suite.ts';
import type { ToParticipantOf } from '../protocol/messages/directions.ts';
import { rosterBody, rosterRoot, sidOfOffer, u2Body } from '../protocol/transcript.ts';
import type { ClientEvent } from '../round/client/types.ts';
import { RoundInbox } from './round-inbox.ts';
import { settle } from './testing.ts';

const coordinator = nobleSigner(new Uint8Array(32).fill(7));
const sid = sidOfOffer(Uint8Array.of(1), coordinator.publicKey);

function inbox() {
  const events: ClientEvent[] = [];
  const terms = { sid, coordinatorKey: coordinator.publicKey, suite: nobleSuite };
  return { events, inbox: new RoundInbox(terms, (event) => events.push(event)) };
}

async function roster(fill: number, signer = coordinator) {
  const list = new Uint8Array(3 * 64).fill(fill);
  const signature = await signer.sign('roster', rosterBody(sid, rosterRoot(sid, list)));
  return {
    kind: 'roster' as const,
    sid: hexToBytes(sid),
    list,
    advertises: [],
    signature,
  } satisfies ToParticipantOf<'roster'>;
}

describe('EVIDENCE-1: what the coordinator signed', () => {
  it('the same roster twice is the same roster, a second one the end of trust, with both kept', async () => {
    const { events, inbox: box } = inbox();
    // Whatever the machine makes of the first: it may come before the tab has advertised.
    for (const fill of [1, 1, 2]) box.receive(await roster(fill));
    await settle();
    expect(events.map(({ kind }) => kind)).toEqual(['roster', 'roster', 'equivocated']);
    const { values, coordinatorKey } = box.evidenceOf('roster');
    expect(coordinatorKey).toBe(bytesToHex(coordinator.publicKey));
    const roots = [1, 2].map((fill) => rosterRoot(sid, new Uint8Array(3 * 64).fill(fill)));
    expect(values.map(({ body }) => body)).toEqual(roots.map((root) => bytesToHex(rosterBody(sid, root))));
  });

  it('FAULT-1: a roster that somebody else signed is none', async () => {
    const { events, inbox: box } = inbox();
    box.receive(await roster(1));
    box.receive(await roster(2, nobleSigner(new Uint8Array(32).fill(8))));
    await settle();
    expect(events.map(({ kind }) => kind)).toEqual(['roster']);
    expect(box.evidenceOf('roster').values).toHaveLength(1);
  });

  it('a U2 that is no set of this roster counts as the first of two', async () => {
    const { events, inbox: box } = inbox();
    const root = new Uint8Array(32).fill(9);
    box.seat(bytesToHex(root), 3, null as never);
    for (const u2 of [Uint8Array.of(7, 0), Uint8Array.of(7)]) {
      const signature = await coordinator.sign('u2', u2Body(sid, root, u2));
      box.receive({ kind: 'mask-request', sid: hexToBytes(sid), u2, signature });
    }
    await settle();
    expect(events).toEqual([{ kind: 'equivocated', of: 'u2' }]);
  });
});
