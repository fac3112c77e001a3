import { describe, expect, it } from 'vitest';
import type { ModelHash, RunId } from '#shared/base/ids.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import { tinyTask } from '../testing/tiny-coordinator.ts';
import { nodePorts } from './node-ports.ts';

const ports = nodePorts({
  // Nothing listens on the port of "discard".
  origin: 'http://127.0.0.1:9',
  run: 'AAAAAAAAAAAAAAAA' as RunId,
  invitation: 'A'.repeat(22),
});

describe("a Node participant's ports", () => {
  it('let the event loop go round after each batch, so that no ping waits for the end of training', async () => {
    expect(await ports.trainer.start()).toMatchObject({ ok: true });
    const count = 30;
    let turns = 0;
    const turnsAtBatch: number[] = [];
    const outcome = await ports.trainer.train({
      task: tinyTask,
      training: { ...tinyTask.training, batchSize: 1 },
      parameters: initialParameters(tinyTask.model, 1),
      examples: { count, inputs: new Float32Array(4 * count), labels: new Uint8Array(count) },
      shuffleLabel: 'test',
      signal: new AbortController().signal,
      onBatch: () => {
        turnsAtBatch.push(turns);
        setImmediate(() => turns++);
      },
    });
    expect(outcome.ok).toBe(true);
    expect(turnsAtBatch).toEqual(Array.from({ length: count }, (_, batch) => batch));
  });

  it('say what cannot be reached', async () => {
    const shard = await ports.data.load(tinyTask, { index: 0, of: 3 }, () => {});
    expect(shard).toMatchObject({ ok: false, fault: { code: 'unreachable' } });
    const model = await ports.model.fetch('0'.repeat(64) as ModelHash);
    expect(model).toMatchObject({
      ok: false,
      fault: { detail: expect.stringContaining('could not be reached') },
    });
  });

  it('close a socket that does not open', async () => {
    const closed = new Promise<string>((resolve) => {
      ports.socket.open({
        onOpen: () => resolve('opened'),
        onFrame: () => {},
        onClose: () => resolve('closed'),
      });
    });
    expect(await closed).toBe('closed');
  });
});
