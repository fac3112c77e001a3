/**
 * The page's end of `./chromium-runner.ts`. One script is the page's and its worker's: the page passes questions on
 * and is driven through `globalThis.measureClient`; the worker measures, as a participant's client runs in one.
 */
import { invariant } from '#shared/base/invariant.ts';
import { signedMessage, type Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import type { PageGlobals } from './chromium-runner.ts';
import { ClientBench, type ClientCost } from './client-bench.ts';
import type { Conditions } from './conditions.ts';

const ED25519 = { name: 'Ed25519' };

/** With a key that cannot be read, as a tab's identity has. */
async function newSigner(): Promise<Signer> {
  const { subtle } = crypto;
  const pair = await subtle.generateKey(ED25519, false, ['sign', 'verify']);
  invariant('privateKey' in pair, 'Ed25519 keys are pairs');
  const { privateKey, publicKey } = pair;
  return {
    publicKey: new Uint8Array(await subtle.exportKey('raw', publicKey)),
    sign: async (domain, body) =>
      new Uint8Array(await subtle.sign(ED25519, privateKey, signedMessage(domain, body))),
  };
}

/** What the script of `startClient` exports. */
interface SuiteModule {
  tabSuite(): Promise<CryptoSuite>;
}

async function benchOf(suite: string): Promise<ClientBench> {
  const url = URL.createObjectURL(new Blob([suite], { type: 'text/javascript' }));
  const { tabSuite } = (await import(/* @vite-ignore */ url)) as SuiteModule;
  return new ClientBench({ suite: await tabSuite(), newSigner, nowMs: () => performance.now() });
}

function work(): void {
  let bench: Promise<ClientBench> | null = null;
  self.onmessage = ({ data }: MessageEvent<string | Conditions>) => {
    if (typeof data === 'string') bench = benchOf(data);
    else void bench?.then((ready) => ready.measure(data)).then((cost) => self.postMessage(cost));
  };
  // A rejection reaches the page as the worker's error.
  self.onunhandledrejection = ({ reason }) => {
    throw reason;
  };
}

function drive(): void {
  const worker = new Worker(import.meta.url, { type: 'module' });
  const globals: PageGlobals = {
    startClient: (suite) => worker.postMessage(suite),
    measureClient: (conditions) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<ClientCost>) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(conditions);
      }),
  };
  Object.assign(globalThis, globals);
}

if (typeof document === 'undefined') work();
else drive();
