/** Both builds, once before all stories. */
import { ensureBuilt } from './builds.ts';

export default function setUp(): void {
  for (const build of ['product', 'test'] as const)
    ensureBuilt(build, (text) => process.stdout.write(`${text}\n`));
}
