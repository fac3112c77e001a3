/** Weights as files hold them: float32, and the fewer bits that the converter can store. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfParameters } from '../parameters.ts';
import { readWeights, type WeightsManifest } from './weights.ts';

const manifest = (
  quantization: WeightsManifest[number]['weights'][number]['quantization'],
  length: number,
): WeightsManifest => [
  { paths: ['w.bin'], weights: [{ name: 'w', shape: [length], dtype: 'float32', quantization }] },
];

const valuesOf = (result: ReturnType<typeof readWeights>) =>
  result.ok ? [...(result.value[0]?.values ?? [])] : result.fault;

const files = (bytes: Uint8Array) => new Map([['w.bin', bytes]]);

describe('weights', () => {
  it('come back as they were stored, wherever the files were cut', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1, maxLength: 40 }),
        fc.nat(),
        (values, cut) => {
          const bytes = bytesOfParameters(values);
          const at = cut % (bytes.length + 1);
          const result = readWeights(
            [
              {
                paths: ['a.bin', 'b.bin'],
                weights: [
                  { name: 'head', shape: [1], dtype: 'float32' },
                  { name: 'tail', shape: [values.length - 1], dtype: 'float32' },
                ],
              },
            ],
            new Map([
              ['a.bin', bytes.slice(0, at)],
              ['b.bin', bytes.slice(at)],
            ]),
          );
          expect(result.ok && result.value.flatMap((tensor) => [...tensor.values])).toEqual([...values]);
        },
      ),
    );
  });

  it('of eight and sixteen bits are scaled, of half a float are widened', () => {
    expect(
      valuesOf(
        readWeights(manifest({ dtype: 'uint8', scale: 0.5, min: -1 }, 3), files(Uint8Array.of(0, 2, 255))),
      ),
    ).toEqual([-1, 0, 126.5]);
    expect(
      valuesOf(
        readWeights(manifest({ dtype: 'uint16', scale: 0.25, min: 0 }, 2), files(Uint8Array.of(4, 0, 0, 1))),
      ),
    ).toEqual([1, 64]);
    // 1, -2, the smallest above 0, 65504, 1/3 to ten bits.
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x3555);
    expect(
      valuesOf(readWeights(manifest({ dtype: 'float16' }, 5), files(new Uint8Array(halves.buffer)))),
    ).toEqual([1, -2, 2 ** -24, 65_504, 0.333251953125]);
  });

  it.each([0x7c00, 0xfc00, 0x7e01])('half a float that is no number, %i, is refused', (half) => {
    const bytes = new Uint8Array(Uint16Array.of(half).buffer);
    expect(valuesOf(readWeights(manifest({ dtype: 'float16' }, 1), files(bytes)))).toMatch(
      /^The weight "w" holds a number that is not finite\./,
    );
  });

  it('of an optimizer are passed over, whole numbers among them', () => {
    const weights = [
      { name: 'w', shape: [1], dtype: 'float32' },
      { name: 'iter', shape: [], dtype: 'int32', group: 'optimizer' },
      { name: 'w/m', shape: [1], dtype: 'float32', group: 'optimizer' },
      { name: 'v', shape: [1], dtype: 'float32' },
    ];
    const bytes = bytesOfParameters(Float32Array.of(1, Number.NaN, 3, 4));
    const read = readWeights([{ paths: ['w.bin'], weights }], files(bytes));
    expect(read.ok && read.value.map(({ name, values }) => [name, ...values])).toEqual([
      ['w', 1],
      ['v', 4],
    ]);
    const many = [{ name: 'm', shape: [8_388_609], dtype: 'float32', group: 'optimizer' }];
    expect(valuesOf(readWeights([{ paths: [], weights: many }], new Map()))).toMatch(
      /Or save it without its optimizer\.$/,
    );
  });

  it('that one file would be taken for a thousand times are refused before they are put together', () => {
    const [group] = manifest(undefined, 1);
    const paths = Array.from({ length: 100_000 }, () => 'w.bin');
    const read = readWeights([{ paths, weights: group?.weights ?? [] }], files(new Uint8Array(1_000_000)));
    expect(read.ok ? '' : read.fault).toMatch(/100000000000 bytes instead of the 4 that/);
  });

  it('of more numbers than a run can train are refused by the listing alone', () => {
    expect(valuesOf(readWeights(manifest(undefined, 8_388_609), new Map()))).toMatch(
      /8,388,609 parameters, more than the 8,388,608 that a run can train/,
    );
  });
});
