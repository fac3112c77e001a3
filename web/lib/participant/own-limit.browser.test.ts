/** A person's own limit and what a tab agreed to, kept in real storage. */
import { deleteDB, openDB } from 'idb';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunId } from '#shared/base/ids.ts';
import { forgetTerms, rememberedTerms, rememberTerms } from './agreed-terms.ts';
import { OwnLimit } from './own-limit.ts';

const DATABASE = 'chorale-test-own-limit';
const run = 'run-aaaaaaaaaaaa' as RunId;
const kept = (value: number | null) => ({ ok: true, value });

describe('an own limit of ε', () => {
  beforeEach(async () => {
    await deleteDB(DATABASE);
    return () => vi.restoreAllMocks();
  });

  it('is none at first, and then what was written last, for the next page too', async () => {
    expect(await new OwnLimit(DATABASE).read()).toEqual(kept(null));
    await new OwnLimit(DATABASE).write(2.5);
    expect(await new OwnLimit(DATABASE).read()).toEqual(kept(2.5));
    await new OwnLimit(DATABASE).write(0);
    expect(await new OwnLimit(DATABASE).read()).toEqual(kept(0));
    await new OwnLimit(DATABASE).write(null);
    expect(await new OwnLimit(DATABASE).read()).toEqual(kept(null));
  });

  it('is written through to the disk', async () => {
    const limit = new OwnLimit(DATABASE);
    await limit.write(1);
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
    await limit.write(2);
    expect(transaction).toHaveBeenCalledWith('limits', 'readwrite', { durability: 'strict' });
  });

  it('that is damaged is not taken for none', async () => {
    await new OwnLimit(DATABASE).write(1);
    const db = await openDB(DATABASE);
    await db.put('limits', 'many', 'epsilon');
    db.close();
    expect(await new OwnLimit(DATABASE).read()).toEqual({ ok: false, fault: 'storage' });
  });
});

describe('terms that a tab agreed to', () => {
  const terms = { rounds: 3, caps: { participations: 3, epsilon: 8, delta: 1e-5 } };

  it('EXTEND-2: are there after a reload, by run, until they are forgotten', () => {
    expect(rememberedTerms(sessionStorage, run)).toBeNull();
    rememberTerms(sessionStorage, run, terms);
    expect(rememberedTerms(sessionStorage, run)).toEqual(terms);
    expect(rememberedTerms(sessionStorage, 'run-bbbbbbbbbbbb' as RunId)).toBeNull();
    forgetTerms(sessionStorage, run);
    expect(rememberedTerms(sessionStorage, run)).toBeNull();
  });

  it.each(['{', '{"rounds":-1,"caps":null}', '{"rounds":3}', '{"rounds":3,"caps":{"epsilon":1}}'])(
    'EXTEND-2: that are damaged, as %s, count as none: the person is asked',
    (text) => {
      sessionStorage.setItem(`chorale-agreed-${run}`, text);
      expect(rememberedTerms(sessionStorage, run)).toBeNull();
      forgetTerms(sessionStorage, run);
    },
  );
});
