import { beforeEach, describe, expect, it } from 'vitest';
import { ChunkVault } from './chunk-vault.ts';

const bytes = Uint8Array.of(1, 2, 3);

describe('the vault in IndexedDB', () => {
  beforeEach(() => new ChunkVault().clear());

  it('gives back what was kept, and undefined for what was not', async () => {
    const vault = new ChunkVault();
    expect(await vault.put('mnist/a.bin', bytes)).toEqual({ ok: true, value: undefined });
    expect(await vault.get('mnist/a.bin')).toEqual(bytes);
    expect(await vault.get('mnist/b.bin')).toBeUndefined();
  });

  it('is one for all tabs of a profile: what one keeps, another finds and deletes', async () => {
    const [one, another] = [new ChunkVault(), new ChunkVault()];
    await one.put('mnist/a.bin', bytes);
    expect(await another.get('mnist/a.bin')).toEqual(bytes);
    await another.clear();
    expect(await one.get('mnist/a.bin')).toBeUndefined();
  });

  it('replaces a damaged chunk', async () => {
    const vault = new ChunkVault();
    await vault.put('mnist/a.bin', Uint8Array.of(9));
    await vault.put('mnist/a.bin', bytes);
    expect(await vault.get('mnist/a.bin')).toEqual(bytes);
  });

  it('that cannot be opened keeps nothing, says so, and finds nothing', async () => {
    // A database of a later version refuses to open as an earlier one.
    const later = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('chorale-test-later', 7);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('no database'));
    });
    later.close();
    const broken = new ChunkVault('chorale-test-later');
    expect(await broken.get('mnist/a.bin')).toBeUndefined();
    expect(await broken.put('mnist/a.bin', bytes)).toEqual({
      ok: false,
      fault: 'This browser could not keep mnist/a.bin: its storage failed.',
    });
    await expect(broken.clear()).rejects.toThrow();
  });
});
