import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { mnistTask } from './mnist.ts';
import type { ModelSpecification } from './model.ts';
import { characterNetwork, convolutionalNetwork, tabularLogistic, tabularNetwork } from './models.ts';
import { ownModelMisfit, taskWithOwnModel } from './own-model.ts';
import { penguinsTask } from './penguins.ts';
import { spamTask } from './spam.ts';
import { speechesTask } from './speeches.ts';
import { TASKS } from './catalogue.ts';
import { task as taskSchema, type Task } from './task.ts';

describe('a model of one’s own', () => {
  it.each(TASKS)('fits the data of $id where it is $id’s own', (task) => {
    expect(ownModelMisfit(task.model, task)).toBeNull();
  });

  it('may lay an example’s numbers out in another shape', () => {
    expect(ownModelMisfit(convolutionalNetwork, mnistTask)).toBeNull();
  });

  const characters = characterNetwork(40);
  it.each<[string, ModelSpecification, Task, RegExp]>([
    [
      'takes other inputs',
      tabularNetwork(7, 3),
      penguinsTask,
      /takes 7 numbers an example, \[7\]; “.*” has 6/,
    ],
    [
      'tells other classes apart',
      tabularNetwork(6, 4),
      penguinsTask,
      /tells 4 classes apart, “.*” has 3.*with 3 outputs/,
    ],
    ['says yes or no of three', tabularLogistic(6), penguinsTask, /tells 2 classes apart, “.*” has 3/],
    [
      'tells three apart where there are two',
      tabularNetwork(4_096, 3),
      spamTask,
      /one output and the binary loss, or two outputs/,
    ],
    [
      'has no place for characters',
      { ...tabularNetwork(40, 50), loss: 'softmax-cross-entropy' },
      speechesTask,
      /Begin the model with an Embedding layer of at least as many/,
    ],
    [
      'knows too few characters',
      {
        ...characters,
        layers: [{ kind: 'embedding', vocabulary: 10, units: 4 }, ...characters.layers.slice(1)],
      },
      speechesTask,
      /at least as many/,
    ],
    [
      'looks quantities up in a list',
      {
        ...characterNetwork(6),
        layers: [
          ...characterNetwork(6).layers.slice(0, 2),
          { kind: 'dense', units: 3, activation: 'linear' },
        ],
      },
      penguinsTask,
      /begins with an Embedding.*leave the Embedding out/,
    ],
    [
      'takes more memory than there is',
      {
        ...tabularNetwork(784, 10),
        inputShape: [28, 28, 1],
        layers: [
          {
            kind: 'conv2d',
            filters: 16_384,
            kernelSize: [1, 1],
            strides: [1, 1],
            padding: 'same',
            activation: 'relu',
          },
          {
            kind: 'conv2d',
            filters: 16_384,
            kernelSize: [1, 1],
            strides: [1, 1],
            padding: 'same',
            activation: 'relu',
          },
          { kind: 'flatten' },
          { kind: 'dense', units: 10, activation: 'linear' },
        ],
      },
      mnistTask,
      /MB of memory, which this device does not give a tab/,
    ],
  ])('that %s is refused', (_what, model, task, sentence) => {
    expect(ownModelMisfit(model, task)).toMatch(sentence);
    const taken = taskWithOwnModel(task, { id: 'a'.repeat(64), name: 'x', model });
    expect(taken).toMatchObject({ ok: false, fault: expect.stringMatching(sentence) });
  });

  it('may learn a number of any label', () => {
    expect(ownModelMisfit({ ...tabularLogistic(6), loss: 'mse' }, penguinsTask)).toBeNull();
  });

  it.each(TASKS)('makes a task of its own of $id, which the schema lets through', (task) => {
    const own = taskWithOwnModel(task, { id: 'f'.repeat(64), name: 'n'.repeat(40), model: task.model });
    if (!own.ok) throw new Error(own.fault);
    expect(v.parse(taskSchema, own.value)).toEqual(own.value);
    expect(own.value).toMatchObject({ data: task.data, training: task.training, model: task.model });
    expect(own.value.id).not.toBe(task.id);
    expect(own.value.quantization.range).toBeGreaterThanOrEqual(task.quantization.range);
  });
});
