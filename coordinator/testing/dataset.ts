/** A small data set on the disk: two classes, of which one lights the first half of the inputs, the other the second. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetManifest } from '#shared/data/manifest.ts';
import type { Task } from '#shared/tasks/task.ts';

const EXAMPLES = 10;

/** Into `demoFolder`/<data set>, for a task with one flat input. */
export function writeDataset(demoFolder: string, task: Task): void {
  const folder = join(demoFolder, task.data.dataset);
  const inputBytes = task.model.inputShape[0] ?? 0;
  mkdirSync(folder, { recursive: true });
  const chunk = (file: string) => {
    const bytes = new Uint8Array(EXAMPLES * (inputBytes + 1));
    for (let i = 0; i < EXAMPLES; i++) {
      const half = i * inputBytes + ((i % 2) * inputBytes) / 2;
      bytes.fill(255, half, half + inputBytes / 2);
      bytes[EXAMPLES * inputBytes + i] = i % 2;
    }
    writeFileSync(join(folder, file), bytes);
    return { file, examples: EXAMPLES, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const manifest: DatasetManifest = {
    version: 1,
    dataset: task.data.dataset,
    inputBytes,
    classes: 2,
    train: [chunk('train-000.bin')],
    test: chunk('test.bin'),
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}
