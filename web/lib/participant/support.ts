/** What this browser must have to take part, and what it lacks on a plain-http page. Sentences for the page. */
import { hexToBytes } from '#shared/base/bytes.ts';

export interface Support {
  /** Nothing works without these. */
  readonly blocking: readonly string[];
  /** It works, less well. */
  readonly warnings: readonly string[];
}

export async function checkSupport(): Promise<Support> {
  const blocking: string[] = [];
  if (typeof WebAssembly !== 'object')
    blocking.push(
      'This browser has no WebAssembly, which training needs. Use a current Firefox, Chrome, Edge or Safari.',
    );
  if (typeof Worker !== 'function')
    blocking.push(
      'This browser has no workers, in which training runs. Use a current Firefox, Chrome, Edge or Safari.',
    );
  if (!(await canStore()))
    blocking.push(
      'This browser does not let the page keep data (IndexedDB). Leave private browsing, or allow site data for this address.',
    );
  const warnings: string[] = [];
  if (!window.isSecureContext) warnings.push(PLAIN_HTTP);
  if (blocking.length === 0 && !WebAssembly.validate(SIMD_MODULE)) warnings.push(NO_SIMD);
  return { blocking, warnings };
}

/** A module whose one function makes a 128-bit vector and counts its bits (the probe of wasm-feature-detect). */
const SIMD_MODULE = new Uint8Array(
  hexToBytes('0061736d010000000105016000017b030201000a0a0108004100fd0ffd620b'),
);

const NO_SIMD =
  'This browser’s WebAssembly has no vector instructions (SIMD): training works, in plain JavaScript, and takes 40 times as long or more. A current browser has them.';

const PLAIN_HTTP =
  'This page came over plain http, so anyone on this network could have changed its code or read along, and the browser withholds its own cryptography, tab locks and private file system from it. Training works with the page’s own cryptography and IndexedDB. Open it over https for more than a trial.';

/** A private window may have IndexedDB and refuse to open it. */
function canStore(): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open('chorale-check');
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase('chorale-check');
        resolve(true);
      };
      request.onerror = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}
