import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkSupport } from './support.ts';

describe('what a browser must have to take part', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('a current one on a secure page has it all', async () => {
    expect(await checkSupport()).toEqual({ blocking: [], warnings: [] });
  });

  it.each([
    ['WebAssembly', /no WebAssembly/],
    ['Worker', /no workers/],
    ['indexedDB', /IndexedDB/],
  ])('without %s it cannot, and says what to do', async (name, sentence) => {
    vi.stubGlobal(name, undefined);
    const { blocking } = await checkSupport();
    expect(blocking).toEqual([expect.stringMatching(sentence)]);
    expect(blocking[0]).toMatch(/Use a current|Leave private browsing/);
  });

  it('an IndexedDB that is there and does not open is none', async () => {
    // As Firefox answers in some private windows.
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('refused', 'SecurityError');
    });
    expect((await checkSupport()).blocking).toEqual([expect.stringMatching(/IndexedDB/)]);
  });

  it('a page over plain http works, with a warning that says what it lacks', async () => {
    vi.stubGlobal('isSecureContext', false);
    const { blocking, warnings } = await checkSupport();
    expect(blocking).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/plain http.*tab locks and private file system/)]);
  });

  it('WebAssembly without SIMD is slow', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    expect((await checkSupport()).warnings).toEqual([expect.stringMatching(/SIMD/)]);
  });
});
