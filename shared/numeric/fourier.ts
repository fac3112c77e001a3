/** Real discrete Fourier transforms of power-of-two length, on fft.js (MIT). */
import FFT from 'fft.js';

/** Full complex spectrum, interleaved [re, im, …], of `values`; its length is a power of two, at least 2. */
export function spectrumOf(values: Float64Array): Float64Array {
  const transform = new FFT(values.length);
  const spectrum = new Float64Array(2 * values.length);
  transform.realTransform(spectrum, values);
  transform.completeSpectrum(spectrum);
  return spectrum;
}

/** The real part of the inverse transform. */
export function valuesOf(spectrum: Float64Array): Float64Array {
  const length = spectrum.length / 2;
  const complex = new Float64Array(spectrum.length);
  new FFT(length).inverseTransform(complex, spectrum);
  return Float64Array.from({ length }, (_, index) => complex[2 * index] as number);
}

/** Multiplies `spectrum` in place, coefficient by coefficient, by `factor` to a whole power. */
export function multiplyByPower(spectrum: Float64Array, factor: Float64Array, power: number): void {
  for (let i = 0; i < spectrum.length; i += 2) {
    const [re, im] = [factor[i] as number, factor[i + 1] as number];
    const squared = re ** 2 + im ** 2;
    const size = squared === 0 ? 0 : Math.exp(0.5 * power * Math.log(squared));
    const angle = power * Math.atan2(im, re);
    const [fr, fi] = [size * Math.cos(angle), size * Math.sin(angle)];
    const [sr, si] = [spectrum[i] as number, spectrum[i + 1] as number];
    spectrum[i] = sr * fr - si * fi;
    spectrum[i + 1] = sr * fi + si * fr;
  }
}
