/** What tests of a hostile coordinator expect of real sessions. */
import { expect } from 'vitest';
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import { verify } from '#shared/crypto/identity.ts';
import type { ToCoordinator } from '#shared/protocol/messages/directions.ts';
import type { LeaveReason } from '#shared/round/client/types.ts';
import type { HostileCoordinator } from './hostile-coordinator.ts';
import type { HostileRound } from './hostile-round.ts';
import { HostileTab } from './hostile-tab.ts';

export async function joined(coordinator: HostileCoordinator, count: number): Promise<HostileTab[]> {
  const invitation = await coordinator.invite();
  return Promise.all(Array.from({ length: count }, () => HostileTab.join(coordinator, invitation)));
}

/**
 * It left the round, saying so and nothing after it. What it had to say before has arrived by then: the messages of
 * one connection keep their order.
 */
export async function expectLeft(tab: HostileTab, code: LeaveReason): Promise<void> {
  expect(await tab.outcome()).toMatchObject({ outcome: 'left', code });
  expect(await tab.person.heard('decline')).toMatchObject({ reason: 'refused' });
  expect(tab.person.kinds.at(-1)).toBe('decline');
}

export const hasSent = ({ person }: HostileTab, kind: ToCoordinator['kind']): boolean =>
  person.kinds.includes(kind);

/** It holds two bodies of one sid, both signed by the coordinator. */
export async function expectEvidence(
  tab: HostileTab,
  of: 'roster' | 'u2' | 'u3',
  { sid }: HostileRound,
  coordinatorKey: Uint8Array,
): Promise<void> {
  const { evidence } = await tab.outcome();
  expect(evidence).toMatchObject({ of, coordinatorKey: bytesToHex(coordinatorKey) });
  const values = evidence?.values ?? [];
  expect(new Set(values.map(({ body }) => body)).size).toBe(2);
  for (const { body, signature } of values) {
    expect(body.startsWith(sid)).toBe(true);
    const signed = { body: hexToBytes(body), signature: hexToBytes(signature) };
    expect(verify({ domain: of, ...signed, publicKey: coordinatorKey })).toBe(true);
  }
}

/** Where nothing that came before changed anything, the round of four still ends with a result. */
export async function expectDone(round: HostileRound): Promise<void> {
  for (const tab of round.tabs) expect(await tab.outcome()).toMatchObject({ outcome: 'done', survivors: 4 });
  for (const { person } of round.tabs) {
    expect(person.all('reveal')).toHaveLength(1);
    expect(person.all('confirm')).toHaveLength(1);
  }
}
