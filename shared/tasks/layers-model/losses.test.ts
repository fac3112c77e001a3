import { expect, it } from 'vitest';
import { lossOfFile } from './losses.ts';

const stated = (trainedBy: unknown, ...layers: readonly [string, string?][]) =>
  lossOfFile({
    trainedBy,
    layers: layers.map(([className, activation]) => ({ class_name: className, config: { activation } })),
    manifest: [],
    metadata: undefined,
  });

it.each([
  ['categoricalCrossentropy', 'softmax-cross-entropy'],
  ['categorical_crossentropy', 'softmax-cross-entropy'],
  ['sparse_categorical_crossentropy', 'softmax-cross-entropy'],
  ['binary_crossentropy', 'sigmoid-cross-entropy'],
  ['mean_squared_error', 'mse'],
  ['meanSquaredError', 'mse'],
  ['hinge', null],
] as const)('%s is known as %s', (name, loss) => {
  expect(stated(name, ['Dense', 'relu'])).toEqual({ loss, stated: name });
  expect(stated([name])).toEqual({ loss, stated: name });
  expect(stated({ output_1: name })).toEqual({ loss, stated: name });
  expect(stated({ class_name: name, config: {} })).toEqual({ loss, stated: name });
});

it('a file that names none is judged by its end', () => {
  expect(stated(undefined, ['Dense', 'softmax'])).toEqual({ loss: 'softmax-cross-entropy', stated: null });
  expect(stated(undefined, ['Dense', 'linear'], ['Softmax'])).toMatchObject({
    loss: 'softmax-cross-entropy',
  });
  expect(stated(undefined, ['Dense', 'sigmoid'])).toMatchObject({ loss: 'sigmoid-cross-entropy' });
  expect(stated(undefined, ['Dense', 'linear'])).toEqual({ loss: null, stated: null });
  expect(stated(['a', 'b'], ['Dense', 'linear'])).toEqual({ loss: null, stated: null });
});
