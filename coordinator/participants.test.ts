import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '#shared/base/ids.ts';
import { Participants } from './participants.ts';

const idOf = (digit: string) => digit.repeat(64) as ParticipantId;
const connection = { serial: 1, send: () => {}, close: () => {}, refuse: () => {} };

function roomOf(shards: number) {
  const participants = new Participants(shards);
  return {
    participants,
    join: (digit: string, held: { index: number; of: number } | null = null) =>
      participants.join(idOf(digit), 'invite key', connection, held),
  };
}

describe('participants of a run', () => {
  it('JOIN-3: get one shard each while there are some, then the ones that fewest hold', () => {
    const { join } = roomOf(3);
    expect(['a', 'b', 'c', 'd', 'e'].map((digit) => join(digit).shard)).toEqual([0, 1, 2, 0, 1]);
  });

  it('JOIN-3: a shard that was given back is the next to be given', () => {
    const { participants, join } = roomOf(3);
    for (const digit of ['a', 'b', 'c']) join(digit);
    participants.remove(idOf('b'));
    expect(join('d').shard).toBe(1);
  });

  it('JOIN-3: one that comes back keeps the shard it holds', () => {
    const { participants, join } = roomOf(3);
    for (const digit of ['a', 'b', 'c']) join(digit);
    participants.remove(idOf('a'));
    participants.remove(idOf('c'));
    expect(join('c', { index: 2, of: 3 }).shard).toBe(2);
  });

  it.each([
    ['is held by another', { index: 0, of: 3 }],
    ['is of another division', { index: 2, of: 4 }],
    ['does not exist', { index: 7, of: 3 }],
  ])('JOIN-3: a shard that %s is not kept', (_, held) => {
    const { join } = roomOf(3);
    join('a');
    expect(join('b', held).shard).toBe(1);
  });

  it('JOIN-4: are ready once they have a backend', () => {
    const { participants, join } = roomOf(3);
    const [a] = [join('a'), join('b')];
    expect(participants.ready()).toEqual([]);
    a.backend = 'wasm';
    expect(participants.ready()).toEqual([a]);
    expect(participants.size).toBe(2);
  });

  it('are shown to the admin with what they do, without their connection', () => {
    const { participants, join } = roomOf(3);
    for (const digit of ['a', 'b', 'c']) join(digit);
    for (const digit of ['b', 'c']) Object.assign(participants.get(idOf(digit)) ?? {}, { backend: 'wasm' });
    const views = participants.views((id) => (id === idOf('c') ? 'training' : null));
    expect(views.map(({ id, status }) => [id, status])).toEqual([
      [idOf('a'), 'loading'],
      [idOf('b'), 'waiting'],
      [idOf('c'), 'training'],
    ]);
    expect(Object.keys(views[0] ?? {}).sort()).toEqual([
      'backend',
      'id',
      'joinedAt',
      'progressPercent',
      'shard',
      'status',
    ]);
  });
});
