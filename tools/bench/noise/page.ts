/** The page's end of the noise suite: driven through `globalThis.timeNoise`. */
import { timeNoise } from './workload.ts';

Object.assign(globalThis, { timeNoise });
