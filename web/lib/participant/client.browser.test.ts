/** The worker itself, started by the page's end of it. No coordinator answers here. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunId } from '#shared/base/ids.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import type { ParticipantView } from '#shared/participant/view.ts';
import { createInvitation, encodeInvitation } from '#shared/protocol/invitation.ts';
import { ChunkVault } from './chunk-vault.ts';
import { ParticipantClient } from './client.ts';

const RUN = 'AAAAAAAAAAAAAAAA' as RunId;
const terms = { kind: 'open', expirySeconds: 0xffffffff, inviteSecret: new Uint8Array(32).fill(2) } as const;
const join = {
  kind: 'join',
  run: RUN,
  invitation: encodeInvitation(await createInvitation(nobleSigner(new Uint8Array(32).fill(1)), RUN, terms)),
  consent: { agreed: null, ownLimit: { epsilon: Infinity, delta: 1e-5 } },
} as const;

type News =
  | { readonly kind: 'view'; readonly view: ParticipantView }
  | { readonly kind: 'data-deleted' }
  | { readonly kind: 'broken'; readonly detail: string };

const clients: ParticipantClient[] = [];

/** A client, and a promise of the first news that fits. */
function start() {
  const waiting: { fits: (news: News) => boolean; resolve: (news: News) => void }[] = [];
  const all: News[] = [];
  const tell = (news: News) => {
    all.push(news);
    for (const { fits, resolve } of waiting) if (fits(news)) resolve(news);
  };
  const client = new ParticipantClient({
    view: (view) => tell({ kind: 'view', view }),
    backend: () => {},
    ownScore: () => {},
    dataDeleted: () => tell({ kind: 'data-deleted' }),
    broken: (detail) => tell({ kind: 'broken', detail }),
  });
  clients.push(client);
  const first = (fits: (news: News) => boolean) =>
    new Promise<News>((resolve) => waiting.push({ fits, resolve }));
  const status = (kind: ParticipantView['status']['kind']) =>
    first((news) => news.kind === 'view' && news.view.status.kind === kind);
  /** A view of one that has an identity. */
  const known = () => first((news) => news.kind === 'view' && news.view.participant !== null);
  return { client, first, status, known, all };
}

describe("the participant's worker", () => {
  afterEach(() => {
    for (const client of clients.splice(0)) client.dispose();
  });

  it('starts, opens its identity, and tries to connect', async () => {
    const { client, known } = start();
    const identified = known();
    client.send(join);
    expect(await identified).toMatchObject({
      view: { participant: expect.stringMatching(/^[0-9a-f]{64}$/), status: { kind: 'connecting' } },
    });
  });

  it('is another participant in each tab', async () => {
    const tabs = [start(), start()];
    const views = tabs.map(({ known }) => known());
    for (const { client } of tabs) client.send(join);
    const ids = (await Promise.all(views)).map((news) => news.kind === 'view' && news.view.participant);
    expect(new Set(ids).size).toBe(2);
  });

  it('does not join twice, and joins anew, as the same participant, after it has left', async () => {
    const { client, status, known, all } = start();
    const identified = known();
    client.send(join);
    client.send(join);
    await identified;
    const left = status('left');
    client.send({ kind: 'leave' });
    await left;
    const before = all.length;
    const again = known();
    client.send(join);
    await again;
    const ids = all.flatMap((news) => (news.kind === 'view' ? (news.view.participant ?? []) : []));
    expect(all.length).toBeGreaterThan(before);
    expect(new Set(ids).size).toBe(1);
  });

  it('deletes what this browser keeps, also before it has joined', async () => {
    const vault = new ChunkVault();
    await vault.put('mnist/train-000.bin', Uint8Array.of(1));
    const { client, first } = start();
    const deleted = first((news) => news.kind === 'data-deleted');
    client.send({ kind: 'delete-data' });
    await deleted;
    expect(await vault.get('mnist/train-000.bin')).toBeUndefined();
  });

  it('that breaks tells the page', async () => {
    const { client, first } = start();
    const broken = first((news) => news.kind === 'broken');
    client.send({ ...join, invitation: 'AAAA' });
    expect(await broken).toMatchObject({ detail: expect.stringContaining('invitation') });
  });
});
