import { describe, expect, it } from 'vitest';
import { multiplyByPower, spectrumOf, valuesOf } from './fourier.ts';

describe('Fourier transforms', () => {
  it('come back to the values they began with', () => {
    const values = Float64Array.from({ length: 64 }, (_, index) => Math.sin(index ** 2));
    const back = valuesOf(spectrumOf(values));
    for (const [index, value] of values.entries()) expect(back[index]).toBeCloseTo(value, 13);
  });

  it('a power of a spectrum is a repeated convolution: (½ + ½x)³ = (1 + 3x + 3x² + x³)/8', () => {
    const coin = new Float64Array(8);
    coin.set([0.5, 0.5]);
    const product = spectrumOf(Float64Array.from([1, 0, 0, 0, 0, 0, 0, 0]));
    multiplyByPower(product, spectrumOf(coin), 3);
    const expected = [0.125, 0.375, 0.375, 0.125, 0, 0, 0, 0];
    for (const [index, value] of valuesOf(product).entries())
      expect(value).toBeCloseTo(expected[index] ?? NaN, 14);
  });
});
