/** Runs the workload in a page of Chromium. */
import { fileURLToPath } from 'node:url';
import type { Runner, Side, Workload } from './protocol.ts';
import { openTensorPage, PAGE_WASM_FILES } from './tensor-page.ts';
import type { startWorkload } from './workload.ts';

const PAGE = fileURLToPath(new URL('./page.ts', import.meta.url));

interface PageGlobals {
  startWorkload: typeof startWorkload;
  workload: Workload;
}

export async function openPage(side: Side): Promise<Runner> {
  const { page, close } = await openTensorPage(PAGE);
  try {
    await page.evaluate(
      async ({ paths, started }) => {
        const globals = globalThis as unknown as PageGlobals;
        globals.workload = await globals.startWorkload(paths, started);
      },
      { paths: PAGE_WASM_FILES, started: side },
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    run: (name, repeats) =>
      page.evaluate(({ which, count }) => (globalThis as unknown as PageGlobals).workload.run(which, count), {
        which: name,
        count: repeats,
      }),
    profile: (steps) =>
      page.evaluate((count) => (globalThis as unknown as PageGlobals).workload.profile(count), steps),
    close,
  };
}
