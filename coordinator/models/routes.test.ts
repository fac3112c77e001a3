/** Models that an admin brings, over HTTP on loopback: every file is read and judged again here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'cborg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { utf8ToBytes } from '#shared/base/bytes.ts';
import type { AdminRunView, UploadedModelView } from '#shared/protocol/api.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import { encodeUpload, MAX_UPLOAD_BYTES, type ModelUpload } from '#shared/tasks/layers-model/upload.ts';
import { bytesOfParameters, modelHashOf } from '#shared/tasks/parameters.ts';
import { seen, startTinyCoordinator, tinyRun, type TinyCoordinator } from '../testing/tiny-coordinator.ts';

let coordinator: TinyCoordinator;
let cookie: string;

async function signIn(): Promise<void> {
  const response = await fetch(`${coordinator.origin}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  expect(response.status).toBe(204);
  cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

let token: string | null;
let dataFolder: string;

beforeEach(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'chorale-models-'));
  coordinator = await startTinyCoordinator({ dataFolder });
  token = coordinator.freshToken;
  await signIn();
});
afterEach(async () => {
  await coordinator.close();
  rmSync(dataFolder, { recursive: true });
});

const post = (body: Uint8Array, headers: Record<string, string> = {}) =>
  fetch(`${coordinator.origin}/api/models`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/cbor', ...headers },
    body: new Uint8Array(body),
  });

const createRun = (settings: object) =>
  fetch(`${coordinator.origin}/api/runs`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });

/** Tells the two classes of the tiny data set apart: the first lights the first half of the inputs. */
const KERNEL = [1, -1, 1, -1, -1, 1, -1, 1];
const WEIGHTS = bytesOfParameters(Float32Array.from([...KERNEL, 0, 0]));

/** As another program writes it: [4] → softmax of 2. */
const listing = (config: Record<string, unknown> = {}, kernel: object = {}, outputs = 2) => ({
  format: 'layers-model',
  generatedBy: 'another program',
  modelTopology: {
    class_name: 'Sequential',
    config: {
      layers: [
        {
          class_name: 'Dense',
          config: { name: 'd', units: 2, activation: 'softmax', batch_input_shape: [null, 4], ...config },
        },
      ],
    },
  },
  weightsManifest: [
    {
      paths: ['group1-shard1of1.bin'],
      weights: [
        { name: 'd/kernel', shape: [4, outputs], dtype: 'float32', ...kernel },
        { name: 'd/bias', shape: [outputs], dtype: 'float32' },
      ],
    },
  ],
});

/** With a kernel of that shape. */
const listingOf = ([inputs, outputs]: readonly [number, number], config: Record<string, unknown>) =>
  listing(config, { shape: [inputs, outputs] }, outputs);

const upload = (changes: Partial<ModelUpload> = {}, file: unknown = listing()): ModelUpload => ({
  taskId: 'tiny',
  name: 'Halves',
  loss: 'softmax-cross-entropy',
  model: utf8ToBytes(typeof file === 'string' ? file : JSON.stringify(file)),
  weights: new Map([['group1-shard1of1.bin', WEIGHTS]]),
  ...changes,
});

const weights = (bytes: Uint8Array) => ({ weights: new Map([['group1-shard1of1.bin', bytes]]) });

async function expectError(response: Response, status: number, sentence: RegExp): Promise<void> {
  expect(await response.json()).toEqual({ error: expect.stringMatching(sentence) });
  expect(response.status).toBe(status);
}

const list = async () =>
  (await (
    await fetch(`${coordinator.origin}/api/models`, { headers: { cookie } })
  ).json()) as UploadedModelView[];

async function uploaded(): Promise<UploadedModelView> {
  const response = await post(encodeUpload(upload()));
  expect(response.status).toBe(201);
  return (await response.json()) as UploadedModelView;
}

describe('an uploaded model', () => {
  it('is listed, the same once, and its weights are there by their hash', async () => {
    const view = await uploaded();
    expect(view).toMatchObject({
      name: 'Halves',
      taskId: 'tiny',
      parameters: 10,
      modelHash: modelHashOf(WEIGHTS),
      model: { layers: [{ kind: 'dense', units: 2, activation: 'linear' }] },
    });
    expect(await uploaded()).toEqual(view);
    expect(await list()).toEqual([view]);
    const bytes = await (await fetch(`${coordinator.origin}/api/models/${view.modelHash}`)).arrayBuffer();
    expect(new Uint8Array(bytes)).toEqual(new Uint8Array(WEIGHTS));
  });

  it('is what a run begins with, is evaluated, and outlives a restart', async () => {
    const { id, modelHash, model } = await uploaded();
    await coordinator.close();
    coordinator = await startTinyCoordinator({ dataFolder });
    await signIn();
    expect(await list()).toMatchObject([{ id }]);
    const created = await createRun(tinyRun({ model: { id, start: 'given' } }));
    const { run: view } = (await created.json()) as AdminRunView;
    expect(view).toMatchObject({
      modelHash,
      parameters: 10,
      task: {
        id: `tiny-own-${id.slice(0, 12)}`,
        model,
        summary: expect.stringContaining('“Halves”, with 1 layers and 10 parameters'),
      },
      settings: { taskId: 'tiny', model: { id, start: 'given' } },
    });
    const run = coordinator.openRun();
    if (run === undefined) throw new Error('no run is open');
    await seen(run, (current) => current.view().initial !== null);
    expect(run.view().initial?.accuracy).toBe(1);
  });

  it('may begin with fresh weights, drawn by the run’s seed', async () => {
    const { id, model, modelHash } = await uploaded();
    const created = await createRun(tinyRun({ seed: 7, model: { id, start: 'fresh' } }));
    const { run } = (await created.json()) as AdminRunView;
    expect(run.modelHash).toBe(modelHashOf(bytesOfParameters(initialParameters(model, 7))));
    expect(run.modelHash).not.toBe(modelHash);
  });

  it.each<[string, object, RegExp]>([
    ['that is not here', { model: { id: '0'.repeat(64), start: 'given' } }, /There is no such model here/],
    ['of no name', { model: { id: 'x', start: 'given' } }, /^model\.id: 64 hex characters/],
    ['that begins with nothing', { model: { id: '0'.repeat(64) } }, /^model\.start/],
  ])('%s makes no run', async (_what, changes, sentence) => {
    await expectError(await createRun({ ...tinyRun(), ...changes }), 400, sentence);
  });

  it('makes no run of a task that it does not fit', async () => {
    const { id } = await uploaded();
    const answer = await createRun({ ...tinyRun(), taskId: 'wide', model: { id, start: 'given' } });
    await expectError(answer, 400, /^The model takes 4 numbers an example/);
    expect(coordinator.openRun()).toBeUndefined();
  });
});

it('a model of one output says yes or no of two classes', async () => {
  const file = listingOf([4, 1], { units: 1, activation: 'sigmoid' });
  const answer = await post(
    encodeUpload(upload({ loss: 'sigmoid-cross-entropy', ...weights(WEIGHTS.subarray(0, 20)) }, file)),
  );
  expect(await answer.json()).toMatchObject({ model: { loss: 'sigmoid-cross-entropy' }, parameters: 5 });
});

describe('an upload is refused', () => {
  it('without a session, of another origin, of another type, and where it is too large', async () => {
    const body = encodeUpload(upload());
    await expectError(await post(body, { cookie: '' }), 401, /Sign in/);
    await expectError(await post(body, { origin: 'http://elsewhere.example' }), 403, /another origin/);
    await expectError(
      await post(body, { 'content-type': 'text/plain' }),
      415,
      /Send the model as application/,
    );
    const large = new Uint8Array(MAX_UPLOAD_BYTES + 1);
    await expectError(await post(large), 413, /larger than the 34 MB that a run can train/);
    const response = await fetch(`${coordinator.origin}/api/models`);
    await expectError(response, 401, /Sign in/);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['cut short', encodeUpload(upload()).slice(0, -5), /cut short/],
    ['no upload', Uint8Array.of(1, 2, 3), /cannot be read/],
    ['empty', new Uint8Array(), /./],
    [
      'with a file that was changed on its way',
      encode({
        ...(decode(encodeUpload(upload())) as object),
        model: { path: '', sha256: new Uint8Array(32), bytes: WEIGHTS },
      }),
      /The file model\.json does not have the hash that came with it/,
    ],
    [
      'of a later version',
      encode({ ...(decode(encodeUpload(upload())) as object), version: 2 }),
      /version 2/,
    ],
    ['for a task that there is not', encodeUpload(upload({ taskId: 'cifar' })), /no task "cifar"/],
    ['without a name', encodeUpload(upload({ name: ' ' })), /^name: give the model a name/],
    ['with no JSON', encodeUpload(upload({}, '{"modelTopology":')), /not JSON, or was cut short/],
    ['with a picture for model.json', encodeUpload(upload({ model: Uint8Array.of(0x89, 0x50) })), /no text/],
    [
      'of other inputs',
      encodeUpload(
        upload(weights(WEIGHTS.subarray(0, 32)), listingOf([3, 2], { batch_input_shape: [null, 3] })),
      ),
      /takes 3 numbers an example, \[3\]; “.*” has 4/,
    ],
    [
      'of other classes',
      encodeUpload(upload(weights(bytesOfParameters(new Float32Array(15))), listingOf([4, 3], { units: 3 }))),
      /tells 3 classes apart, “.*” has 2\. .* with one output and the binary loss, or two outputs/,
    ],
    [
      'whose loss does not fit',
      encodeUpload(upload({ loss: 'mse' })),
      /ends the model with softmax, which does not fit the loss mse/,
    ],
    [
      'with a layer that is not known',
      encodeUpload(upload({}, JSON.stringify(listing()).replace('Dense', 'LSTM'))),
      /Layer "d" \(LSTM\) is not supported/,
    ],
    [
      'with a setting that is not known',
      encodeUpload(upload({}, listing({ activation: 'swish' }))),
      /Layer "d" \(Dense\): activation/,
    ],
    [
      'without its weights',
      encodeUpload(upload({ weights: new Map() })),
      /group1-shard1of1\.bin, which model\.json names, is missing/,
    ],
    [
      'with weights cut short',
      encodeUpload(upload(weights(WEIGHTS.subarray(0, 39)))),
      /39 bytes instead of the 40 .* cut short/,
    ],
    [
      'with weights of another shape',
      encodeUpload(upload({}, listing({}, { shape: [2, 4] }))),
      /is \[2, 4\], its layer takes \[4, 2\]/,
    ],
    [
      'with weights of another type',
      encodeUpload(upload({}, listing({}, { dtype: 'int32' }))),
      /"d\/kernel" is of int32/,
    ],
    [
      'with weights quantized in a way that is not known',
      encodeUpload(upload({}, listing({}, { quantization: { dtype: 'uint4', scale: 1, min: 0 } }))),
      /quantized to uint8, uint16 or float16/,
    ],
    [
      'with a weight that is no number',
      encodeUpload(upload(weights(bytesOfParameters(Float32Array.from([...KERNEL, 0, NaN]))))),
      /"d\/bias" holds a number that is not finite/,
    ],
    [
      'of too many parameters',
      encodeUpload(upload({}, listing({ batch_input_shape: [null, 65_536], units: 200 }))),
      /13,107,400 parameters, more than the 8,388,608/,
    ],
    [
      'with a specification of an unknown version',
      encodeUpload(
        upload(
          {},
          { ...listing(), userDefinedMetadata: { chorale: { model: { version: 9 }, sha256: '0' } } },
        ),
      ),
      /specification of version 9; this program knows version 1/,
    ],
  ])('where it is %s', async (_what, body, sentence) => {
    const answer = await post(body);
    await expectError(answer, 400, sentence);
    expect(await list()).toEqual([]);
  });
});
