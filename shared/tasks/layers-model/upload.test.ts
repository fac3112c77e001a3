/** The body of an upload: what one end writes the other reads, and nothing else. */
import * as fc from 'fast-check';
import { decode, encode } from 'cborg';
import { describe, expect, it } from 'vitest';
import { utf8ToBytes } from '../../base/bytes.ts';
import { initialParameters } from '../initial.ts';
import { tabularNetwork } from '../models.ts';
import { bytesOfParameters, modelHashOf } from '../parameters.ts';
import { penguinsTask } from '../penguins.ts';
import { layersModelOf } from './export.ts';
import { checkUpload, decodeUpload, encodeUpload, type ModelUpload } from './upload.ts';

const model = tabularNetwork(6, 3);
const parameters = initialParameters(model, 2);
const weights = bytesOfParameters(parameters).slice();
const upload: ModelUpload = {
  taskId: 'penguins',
  name: 'Beaks',
  loss: 'softmax-cross-entropy',
  model: utf8ToBytes(JSON.stringify(layersModelOf(model, modelHashOf(weights), 'w.bin'))),
  weights: new Map([['w.bin', weights]]),
};
const faultOf = (body: Uint8Array) => {
  const read = decodeUpload(body);
  return read.ok ? null : read.fault;
};
/** The body with fields of it changed. */
const changed = (changes: Record<string, unknown>) =>
  encode({ ...(decode(encodeUpload(upload)) as Record<string, unknown>), ...changes });

describe('an upload', () => {
  it('is read as it was written', () => {
    expect(decodeUpload(encodeUpload(upload))).toEqual({ ok: true, value: upload });
  });

  it('that was cut short anywhere is refused', () => {
    const body = encodeUpload(upload);
    fc.assert(
      fc.property(fc.nat(body.length - 1), (length) => {
        expect(faultOf(body.slice(0, length))).toMatch(/cannot be read: it was cut short/);
      }),
    );
  });

  it('with any bit of a file changed is refused by its hash', () => {
    const body = encodeUpload(upload);
    const start = body.length - weights.length - 300;
    fc.assert(
      fc.property(fc.integer({ min: start, max: start + 200 }), fc.nat(7), (at, bit) => {
        expect(faultOf(body.with(at, (body[at] ?? 0) ^ (1 << bit)))).not.toBeNull();
      }),
    );
    const [file] = (decode(body) as { weights: { bytes: Uint8Array }[] }).weights;
    const bytes = file?.bytes.with(0, (file.bytes[0] ?? 0) ^ 1);
    expect(faultOf(changed({ weights: [{ ...file, bytes }] }))).toMatch(
      /^The file w\.bin does not have the hash that came with it/,
    );
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['an unknown version', { version: 2 }, /This upload is of version 2, the coordinator knows version 1/],
    ['no name', { name: '  ' }, /^name: give the model a name/],
    ['a name of two lines', { name: 'a\nb' }, /^name: one line of text/],
    ['a long name', { name: 'a'.repeat(41) }, /^name: at most 40 characters/],
    ['an unknown loss', { loss: 'hinge' }, /^loss: /],
    ['something more', { more: 1 }, /more/],
    ['text for bytes', { model: { path: '', sha256: 'a', bytes: 'b' } }, /^model\./],
  ])('with %s is refused', (_what, changes, sentence) => {
    expect(faultOf(changed(changes))).toMatch(sentence);
  });

  it('that fits the task gives the model; its id is of name, layers and weights', () => {
    const checked = checkUpload(upload, penguinsTask);
    expect(checked).toMatchObject({ ok: true, value: { model, parameters } });
    const ids = [upload, { ...upload, name: 'Other' }].map((given) => {
      const result = checkUpload(given, penguinsTask);
      return result.ok && result.value.id;
    });
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(ids[1]).not.toBe(ids[0]);
  });

  it('whose model.json is no text is refused', () => {
    const result = checkUpload({ ...upload, model: Uint8Array.of(0xff, 0xfe) }, penguinsTask);
    expect(result.ok ? '' : result.fault).toMatch(/model\.json is no text/);
  });
});
