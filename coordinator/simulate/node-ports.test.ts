import { describe, expect, it } from 'vitest';
import type { RunId } from '#shared/base/ids.ts';
import { blobsJob, blobsTask } from '#shared/training/testing.ts';
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
    let turns = 0;
    const turnsAtBatch: number[] = [];
    const outcome = await ports.trainer.train(
      blobsJob({
        onBatch: () => {
          turnsAtBatch.push(turns);
          setImmediate(() => turns++);
        },
      }),
    );
    expect(outcome.ok).toBe(true);
    expect(turnsAtBatch.length).toBeGreaterThan(20);
    expect(turnsAtBatch).toEqual(turnsAtBatch.map((_, batch) => batch));
  });

  it('say what cannot be reached', async () => {
    const shard = await ports.data.load(blobsTask, { index: 0, of: 3 }, () => {});
    expect(shard).toMatchObject({ ok: false, fault: { code: 'unreachable' } });
    const model = await ports.model.fetch('00'.repeat(32) as never);
    expect(model).toMatchObject({
      ok: false,
      fault: { detail: expect.stringContaining('could not be reached') },
    });
  });

  it('close a socket that does not open', async () => {
    await new Promise<void>((resolve) => {
      ports.socket.open({ onOpen: () => {}, onFrame: () => {}, onClose: resolve });
    });
    expect.assertions(0);
  });
});
