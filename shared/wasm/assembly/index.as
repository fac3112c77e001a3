/** What the module offers: see each file for shapes. */
export {
  convolve,
  filterGradient,
  filterGradientScratch,
  packFilter,
  packTurnedFilter,
  packedFilterBytes,
  patchOffsets,
  spread,
} from './convolution';
export { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise';
export { addBias, descend, reluGradient, sumRows, sumSegments } from './elementwise';
export { matMul, matMulScratch } from './matmul';
export { maxPoolGradient } from './pooling';
