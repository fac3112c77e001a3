/**
 * An admin's own model: made and saved by TensorFlow.js alone, brought through the page, trained by three tabs on real
 * data, and loaded again by TensorFlow.js alone, where it does on the test set what the coordinator says it does.
 */
import { readFile } from 'node:fs/promises';
import type { Download, Page } from '@playwright/test';
import * as tf from '@tensorflow/tfjs';
import { examplesOfChunk, type Examples } from '#shared/data/examples.ts';
import { datasetManifest } from '#shared/data/manifest.ts';
import type { RunView } from '#shared/protocol/api.ts';
import * as v from 'valibot';
import { expect, test } from './harness/story.ts';
import { takePartWith } from './harness/tabs.ts';

const RUN_TIMEOUT_MS = 60_000;
const PHONE = { width: 390, height: 844 };

interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** What `model.save('downloads://…')` puts on a disk. */
async function saved(model: tf.LayersModel): Promise<readonly [Upload, Upload]> {
  const { promise, resolve } = Promise.withResolvers<tf.io.ModelArtifacts>();
  const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: 'JSON' } as const;
  await model.save(
    {
      save: async (artifacts) => {
        resolve(artifacts);
        return { modelArtifactsInfo };
      },
    },
    { includeOptimizer: true },
  );
  const {
    modelTopology,
    format,
    generatedBy,
    weightSpecs: weights,
    weightData = [],
    ...rest
  } = await promise;
  const listing = {
    modelTopology,
    format,
    generatedBy,
    convertedBy: null,
    weightsManifest: [{ paths: ['./beaks.weights.bin'], weights }],
    trainingConfig: rest.trainingConfig,
  };
  return [
    file('beaks.json', Buffer.from(JSON.stringify(listing))),
    file('beaks.weights.bin', Buffer.from(tf.io.CompositeArrayBuffer.join(weightData))),
  ];
}

const file = (name: string, buffer: Buffer): Upload => ({
  name,
  mimeType: 'application/octet-stream',
  buffer,
});

/** Of six measurements, three species; seeded, so that the first accuracy is the same each time. */
function beaks(): tf.LayersModel {
  const initializer = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [6], units: 16, kernelInitializer: initializer(1) }),
      tf.layers.activation({ activation: 'tanh' }),
      tf.layers.dropout({ rate: 0.1 }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: initializer(2) }),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  return model;
}

async function testSet(origin: string): Promise<Examples> {
  const folder = `${origin}/demo/penguins`;
  const manifest = v.parse(datasetManifest, await (await fetch(`${folder}/manifest.json`)).json());
  const bytes = await (await fetch(`${folder}/${manifest.test.file}`)).bytes();
  const examples = examplesOfChunk(bytes, manifest.test, manifest);
  if (!examples.ok) throw new Error(examples.fault);
  return examples.value;
}

/** Of logits or probabilities, by TensorFlow.js alone. */
function accuracyOf(model: tf.LayersModel, { count, inputs, labels }: Examples): number {
  return tf.tidy(() => {
    const outputs = model.predict(tf.tensor2d(inputs, [count, 6])) as tf.Tensor;
    const right = tf.equal(tf.argMax(outputs, 1), tf.tensor1d(Int32Array.from(labels), 'int32'));
    return tf.mean(tf.cast(right, 'float32')).dataSync()[0] ?? Number.NaN;
  });
}

/** Mean cross-entropy of the exported model, which gives logits. */
function lossOf(model: tf.LayersModel, { count, inputs, labels }: Examples): number {
  return tf.tidy(() => {
    const outputs = model.predict(tf.tensor2d(inputs, [count, 6])) as tf.Tensor;
    const truth = tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), 3);
    return tf.losses.softmaxCrossEntropy(truth, outputs).dataSync()[0] ?? Number.NaN;
  });
}

async function download(page: Page, name: string): Promise<Buffer> {
  const [given]: [Download, unknown] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name, exact: true }).click(),
  ]);
  return readFile(await given.path());
}

/** The two files of the page, as `tf.loadLayersModel` reads them. */
async function exported(page: Page): Promise<tf.LayersModel> {
  const listing = JSON.parse((await download(page, 'Its layers')).toString('utf8')) as tf.io.ModelJSON;
  const weights = await download(page, 'Download the model');
  return tf.loadLayersModel({
    load: async () => ({
      modelTopology: listing.modelTopology,
      weightSpecs: listing.weightsManifest.flatMap((group) => group.weights),
      weightData: new Uint8Array(weights).buffer,
    }),
  });
}

async function choose(page: Page, files: readonly Upload[]): Promise<void> {
  await page.getByLabel('Files of the model').setInputFiles([...files]);
}

test('bring a model made with TensorFlow.js, train it, take it home', async ({
  page,
  context,
  startCoordinator,
}) => {
  await tf.setBackend('cpu');
  const { origin, token } = await startCoordinator();
  const [listing, weights] = await saved(beaks());
  await page.goto(`${origin}/admin#${token}`);
  const form = page
    .locator('form')
    .filter({ has: page.getByRole('combobox', { name: 'Task', exact: true }) });

  await test.step('files that are no such model are refused in words, and nothing is made', async () => {
    await form.getByRole('combobox', { name: 'Task', exact: true }).selectOption('penguins');
    await form.getByRole('combobox', { name: 'Model', exact: true }).selectOption('files');
    await choose(page, [listing]);
    await expect(form.getByRole('alert')).toHaveText(
      /^The file \.\/beaks\.weights\.bin, which model\.json names, is missing\./,
    );
    await form.getByRole('button', { name: 'Create the run' }).click();
    await expect(form.getByRole('alert')).toHaveText(/is missing/);
    const other = JSON.parse(listing.buffer.toString('utf8').replaceAll('"Dense"', '"LSTM"'));
    await choose(page, [file('beaks.json', Buffer.from(JSON.stringify(other))), weights]);
    await expect(form.getByRole('alert')).toHaveText(/^Layer ".*" \(LSTM\) is not supported\./);
    await form.getByRole('combobox', { name: 'Task', exact: true }).selectOption('mnist');
    await choose(page, [listing, weights]);
    await expect(form.getByRole('alert')).toHaveText(/^The model takes 6 numbers an example, \[6\]; “/);
  });

  await test.step('the model is shown, on a phone as well, and becomes a run', async () => {
    await form.getByRole('combobox', { name: 'Task', exact: true }).selectOption('penguins');
    await expect(form.getByText('dense 16 – dropout 0.1 – dense 3')).toBeVisible();
    await expect(form.getByText('163', { exact: true })).toBeVisible();
    await expect(
      form.getByText('The files say that it was trained by “categorical_crossentropy”.'),
    ).toBeVisible();
    await expect(form.getByRole('textbox', { name: 'Name of the model' })).toHaveValue('beaks');
    await page.setViewportSize(PHONE);
    const { wide, shown } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      shown: document.documentElement.clientWidth,
    }));
    expect(wide).toBeLessThanOrEqual(shown);
    await page.setViewportSize({ width: 1280, height: 800 });
    await form.getByRole('textbox', { name: 'Name of the model' }).fill('Beaks and flippers');
    await page.getByRole('spinbutton', { name: 'Rounds' }).fill('1');
    await form.getByRole('button', { name: 'Create the run' }).click();
    await expect(
      page.getByRole('heading', { name: 'Beaks and flippers, on Penguins of three islands' }),
    ).toBeVisible();
    await expect(form.getByRole('combobox', { name: 'Which' }).locator('option:checked')).toHaveText(
      /^Beaks and flippers, uploaded/,
    );
  });

  let run: RunView | null = null;
  await test.step('three tabs train it for a round, and it gets better', async () => {
    const invitation = await page.getByLabel('Invitation, for participants').inputValue();
    const reader = await context.newPage();
    await reader.goto(invitation);
    await expect(
      reader.getByText('A model that this run’s admin brought, “Beaks and flippers”, with 3 layers'),
    ).toBeVisible();
    await reader.close();
    await takePartWith(context, invitation, 3);
    await page.bringToFront();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expect(page.getByText('All rounds are done.').first()).toBeVisible({ timeout: RUN_TIMEOUT_MS });
    const id = (await page.getByLabel('Public page').inputValue()).split('/').at(-1) ?? '';
    await expect(async () => {
      run = (await (await fetch(`${origin}/api/runs/${id}`)).json()) as RunView;
      expect(run.rounds[0]?.accuracy).not.toBeNull();
      expect(run.initial).not.toBeNull();
    }).toPass();
  });

  await test.step('TensorFlow.js alone finds in both models what the coordinator found', async () => {
    const examples = await testSet(origin);
    const { initial, rounds } = run!;
    expect(accuracyOf(beaks(), examples)).toBeCloseTo(initial!.accuracy, 6);
    const model = await exported(page);
    const [done] = rounds;
    expect(done).toMatchObject({ outcome: 'done', participants: 3 });
    expect(accuracyOf(model, examples)).toBeCloseTo(done!.accuracy!, 6);
    expect(lossOf(model, examples)).toBeCloseTo(done!.loss!, 5);
    expect(done!.accuracy!).toBeGreaterThan(initial!.accuracy + 0.1);
  });
});
