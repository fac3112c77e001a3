import { openDB } from 'idb';
import { beforeEach, describe, expect, it } from 'vitest';
import { bytesToBase64Url } from '#shared/base/bytes.ts';
import { systemRandom } from '#shared/base/random.ts';
import { BackendMemory, deviceName } from './backend-choice.ts';

const RESULT = { name: 'wasm', reason: 'wasm (SIMD) took 3.0 ms for a step of a trial.' } as const;

let database = '';
beforeEach(() => void (database = `chorale-test-${bytesToBase64Url(systemRandom(9))}`));
/** As a page that was just loaded has it. */
const memory = (device?: string) =>
  new BackendMemory(device === undefined ? deviceName : async () => device, database);

describe('what a browser knows of its backends', () => {
  it('keeps the result of a trial for the next page', async () => {
    expect(await memory().get()).toBeUndefined();
    await memory().put(RESULT);
    expect(await memory().get()).toEqual(RESULT);
  });

  it('keeps it for the device alone: with other graphics there is another trial', async () => {
    await memory('old card').put(RESULT);
    expect(await memory('new card').get()).toBeUndefined();
    await memory('new card').put({ ...RESULT, name: 'webgpu' });
    await memory('new card').forget();
    expect(await memory('new card').get()).toBeUndefined();
    expect(await memory('old card').get()).toEqual(RESULT);
  });

  it('knows the device by its browser, cores and graphics', async () => {
    const name = await deviceName();
    expect(name).toContain(navigator.userAgent);
    expect(name).toContain(`${navigator.hardwareConcurrency} cores`);
    expect(name).toMatch(/swiftshader|no WebGPU/i);
  });

  it('keeps what was asked for, whatever the trial said', async () => {
    expect(await memory().wish()).toBe('auto');
    await memory().setWish('cpu');
    await memory().put(RESULT);
    expect(await memory().wish()).toBe('cpu');
    await memory().setWish('auto');
    expect(await memory().wish()).toBe('auto');
  });

  it('forgets everything when it is cleared', async () => {
    await memory().setWish('cpu');
    await memory().put(RESULT);
    await memory().clear();
    expect(await memory().get()).toBeUndefined();
    expect(await memory().wish()).toBe('auto');
  });

  it('knows nothing, and fails nothing, where the browser keeps no data', async () => {
    // A database of a later version refuses to open as an earlier one.
    (await openDB(database, 7)).close();
    await memory().put(RESULT);
    await memory().setWish('cpu');
    expect(await memory().get()).toBeUndefined();
    expect(await memory().wish()).toBe('auto');
  });
});
