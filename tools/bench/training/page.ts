/** The page's end of `./browser.ts`: bundled by Vite, driven through `globalThis.startWorkload`. */
import { startWorkload } from './workload.ts';

Object.assign(globalThis, { startWorkload });
