/** Bringing a model: what TF.js saved is picked or dropped, read in the page, and shown or refused in words. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { layers, sequential, type LayersModel } from '@tensorflow/tfjs-layers';
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { UploadedModelView } from '#shared/protocol/api.ts';
import { mnistTask } from '#shared/tasks/mnist.ts';
import { tabularNetwork } from '#shared/tasks/models.ts';
import { penguinsTask } from '#shared/tasks/penguins.ts';
import { spamTask } from '#shared/tasks/spam.ts';
import type { Task } from '#shared/tasks/task.ts';
import { ModelChoice } from '../state/model-upload.svelte.ts';
import ModelUpload from './ModelUpload.svelte';

const mounted: Record<string, unknown>[] = [];

function show(task: Task, chosen = new ModelChoice()): ModelChoice {
  mounted.push(mount(ModelUpload, { target: document.body, props: { task, chosen, clients: 4 } }));
  flushSync();
  return chosen;
}

/** The two files of `model.save`, and what else was picked. */
async function filesOf(model: LayersModel): Promise<[File, File]> {
  const { promise, resolve } = Promise.withResolvers<tf.io.ModelArtifacts>();
  const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: 'JSON' } as const;
  await model.save({
    save: async (artifacts) => {
      resolve(artifacts);
      return { modelArtifactsInfo };
    },
  });
  const { modelTopology, format, weightSpecs: weights, weightData = [] } = await promise;
  const weightsManifest = [{ paths: ['./penguin.weights.bin'], weights }];
  return [
    new File([JSON.stringify({ modelTopology, format, weightsManifest })], 'penguin.json'),
    new File([tf.io.CompositeArrayBuffer.join(weightData)], 'penguin.weights.bin'),
  ];
}

const penguinModel = () =>
  sequential({
    layers: [
      layers.dense({ inputShape: [6], units: 8, activation: 'relu' }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });

function one(selector: string): Element {
  const found = document.querySelector(selector);
  if (found === null) throw new Error(`nothing is ${selector}`);
  return found;
}

function select(name: string, value: string): void {
  const field = one(`select[name="${name}"]`) as HTMLSelectElement;
  field.value = value;
  field.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
}

const transfer = (files: readonly File[]): DataTransfer => {
  const held = new DataTransfer();
  for (const file of files) held.items.add(file);
  return held;
};

function pick(files: readonly File[]): void {
  const field = one('input[type="file"]') as HTMLInputElement;
  field.files = transfer(files).files;
  field.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
}

const summary = () => document.querySelector('dl')?.textContent.replaceAll(/\s+/gu, ' ') ?? '';
const problem = () => document.querySelector('[role="alert"]')?.textContent ?? '';

describe('the model of a run', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')));
  afterEach(async () => {
    for (const component of mounted.splice(0)) await unmount(component);
  });

  it('is the task’s own at first, and nothing is asked for', async () => {
    const chosen = show(penguinsTask);
    expect(document.querySelector('input')).toBeNull();
    expect(await chosen.settle()).toEqual({ ok: true, value: {} });
  });

  it('that is picked shows its layers, its parameters and the bytes of a round', async () => {
    const chosen = show(penguinsTask);
    select('model', 'files');
    pick(await filesOf(penguinModel()));
    await vi.waitFor(() => expect(summary()).toMatch(/Layers dense 8 – dense 3 Parameters 83 /));
    // Four bytes a parameter down; of four tabs' sum 18 bits a parameter up.
    expect(summary()).toMatch(/receives 332 bytes, sends about 187 bytes/);
    expect(problem()).toBe('');
    expect((one('input[name="model.name"]') as HTMLInputElement).value).toBe('penguin');
    expect((one('select[name="model.loss"]') as HTMLSelectElement).value).toBe('softmax-cross-entropy');
    expect(chosen.start).toBe('given');
    select('model.start', 'fresh');
    expect(chosen.start).toBe('fresh');
  });

  it('can be dropped as well', async () => {
    show(penguinsTask);
    select('model', 'files');
    const files = await filesOf(penguinModel());
    one('.drop').dispatchEvent(new DragEvent('dragover', { bubbles: true, cancelable: true }));
    flushSync();
    expect(one('.drop').classList.contains('dragged')).toBe(true);
    one('.drop').dispatchEvent(
      new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer(files) }),
    );
    await vi.waitFor(() => expect(summary()).toMatch(/Parameters 83/));
  });

  it('is judged anew where the task or the loss changes', async () => {
    const chosen = show(penguinsTask);
    select('model', 'files');
    pick(await filesOf(penguinModel()));
    await vi.waitFor(() => expect(summary()).toMatch(/Parameters 83/));
    select('model.loss', 'mse');
    await vi.waitFor(() =>
      expect(problem()).toMatch(/ends the model with softmax, which does not fit the loss/),
    );
    expect(summary()).toBe('');
    expect(await chosen.settle()).toMatchObject({ ok: false });
    for (const component of mounted.splice(0)) await unmount(component);
    show(mnistTask, chosen);
    chosen.lossByHand = null;
    flushSync();
    await vi.waitFor(() => expect(problem()).toMatch(/^The model takes 6 numbers an example/));
    expect(await chosen.settle()).toMatchObject({ ok: false });
  });

  it('is not made of no files', async () => {
    const chosen = show(penguinsTask);
    select('model', 'files');
    expect(await chosen.settle()).toMatchObject({ ok: false });
    flushSync();
    expect(problem()).toBe('Choose the model’s files first, or the task’s own model.');
    expect(one('input[type="file"]').getAttribute('aria-describedby')).toBe(one('[role="alert"]').id);
  });

  it('may be one that was uploaded before, judged for the task', async () => {
    const chosen = show(penguinsTask);
    const known: UploadedModelView = {
      id: '1'.repeat(64),
      createdAt: '2026-01-02T03:04:05.678Z',
      name: 'Beaks',
      taskId: 'penguins',
      model: tabularNetwork(6, 3),
      modelHash: 'a'.repeat(64) as UploadedModelView['modelHash'],
      parameters: 1_379,
    };
    select('model', 'files');
    chosen.earlier = [known];
    flushSync();
    select('model.id', known.id);
    await vi.waitFor(() => expect(summary()).toMatch(/Parameters 1,379/));
    expect(await chosen.settle()).toEqual({ ok: true, value: { model: { id: known.id, start: 'given' } } });
    await chosen.read(spamTask);
    expect(await chosen.settle()).toMatchObject({
      ok: false,
      fault: expect.stringMatching(/takes 6 numbers/),
    });
  });

  it('files that are read late say nothing of those that were picked since', async () => {
    const chosen = new ModelChoice();
    const late = Promise.withResolvers<ArrayBuffer>();
    class LateFile extends File {
      override arrayBuffer(): Promise<ArrayBuffer> {
        return late.promise;
      }
    }
    chosen.pick([new LateFile(['{'], 'late.json')]);
    const older = chosen.read(penguinsTask);
    chosen.pick(await filesOf(penguinModel()));
    await chosen.read(penguinsTask);
    late.resolve(new TextEncoder().encode('{').buffer);
    await older;
    expect(chosen.problem).toBeNull();
    expect(chosen.summary?.parameters).toBe(83);
  });

  it.each<[string, (files: [File, File]) => File[], RegExp]>([
    ['weights alone', ([, weights]) => [weights], /There is no model\.json among these files/],
    [
      'model.json alone',
      ([listing]) => [listing],
      /penguin\.weights\.bin, which model\.json names, is missing/,
    ],
    [
      'two models',
      ([listing, weights]) => [listing, new File(['{}'], 'b.json'), weights],
      /There are 2 \.json files/,
    ],
    [
      'a Keras file',
      () => [new File(['x'], 'model.h5')],
      /^model\.h5 is no layers model of TensorFlow\.js\. Convert it/,
    ],
    [
      'text that is no JSON',
      ([, weights]) => [new File(['{"model'], 'm.json'), weights],
      /not JSON, or was cut short/,
    ],
    [
      'any JSON',
      ([, weights]) => [new File(['{"name": "chorale"}'], 'package.json'), weights],
      /^model\.json: modelTopology/,
    ],
    [
      'weights cut short',
      ([listing, weights]) => [listing, new File([weights.slice(0, 300)], weights.name)],
      /300 bytes instead of the 332 .* cut short/,
    ],
    [
      'weights that are no numbers',
      ([listing, weights]) => [listing, new File([new Uint8Array(weights.size).fill(255)], weights.name)],
      /holds a number that is not finite/,
    ],
    [
      'weights larger than any run trains',
      ([listing, weights]) => [listing, new File([new Uint8Array(40_000_000)], weights.name)],
      /larger than the 34 MB that a run can train/,
    ],
  ])('of %s is refused in words', async (_what, change, sentence) => {
    show(penguinsTask);
    select('model', 'files');
    pick(change(await filesOf(penguinModel())));
    await vi.waitFor(() => expect(problem()).toMatch(sentence));
    expect(summary()).toBe('');
    expect(one('input[type="file"]').getAttribute('aria-invalid')).toBe('true');
  });
});
