/** Training in a worker of its own: it hears the page between two batches, counted in batches and not in milliseconds. */
import { afterEach, describe, expect, it } from 'vitest';
import { blobsJob } from '#shared/training/testing.ts';
import type { TrainerCommand, TrainerNews } from './testing-trainer-worker.ts';

/** Far more than are trained while a command is on its way. */
const EPOCHS = 100;

class TrainerThread {
  readonly #worker = new Worker(new URL('./testing-trainer-worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting: { fits: (news: TrainerNews) => boolean; resolve: (news: TrainerNews) => void }[] = [];
  /** Batches done, as far as the page knows. */
  batches = 0;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<TrainerNews>) => {
      if (data.kind === 'batch') this.batches = data.batch;
      for (const { fits, resolve } of this.#waiting) if (fits(data)) resolve(data);
    });
  }

  until(fits: (news: TrainerNews) => boolean): Promise<TrainerNews> {
    return new Promise((resolve) => this.#waiting.push({ fits, resolve }));
  }

  /** Batches that were done when the worker heard it. */
  async tell(command: TrainerCommand): Promise<number> {
    const heard = this.until((news) => news.kind === 'heard' && news.command === command.kind);
    this.#worker.postMessage(command);
    const news = await heard;
    return news.kind === 'heard' ? news.after : expect.unreachable();
  }

  /** Batch 1 is done. */
  async start(): Promise<void> {
    const { signal: _signal, onBatch: _onBatch, ...job } = blobsJob();
    const first = this.until((news) => news.kind === 'batch');
    await this.tell({
      kind: 'train',
      job: { ...job, training: { ...job.training, epochs: EPOCHS, batchSize: 1 } },
    });
    await first;
  }

  end(): void {
    this.#worker.terminate();
  }
}

const ALL = EPOCHS * blobsJob().examples.count;
let thread: TrainerThread;

// The backends are tried out first.
describe('training in a worker', { timeout: 60_000 }, () => {
  afterEach(() => thread.end());

  it('pauses after the batch in hand, answers meanwhile, and goes on', async () => {
    thread = new TrainerThread();
    await thread.start();
    const before = await thread.tell({ kind: 'pause' });
    expect(before).toBeLessThan(ALL);
    for (let ping = 0; ping < 20; ping++)
      expect(await thread.tell({ kind: 'ping' })).toBeLessThanOrEqual(before + 1);
    expect(thread.batches).toBeLessThanOrEqual(before + 1);
    const goesOn = thread.until((news) => news.kind === 'batch');
    await thread.tell({ kind: 'resume' });
    await goesOn;
    expect(thread.batches).toBeGreaterThan(before);
  });

  it('ends after the batch in hand when it is cancelled, far from the end', async () => {
    thread = new TrainerThread();
    await thread.start();
    const ended = thread.until((news) => news.kind === 'ended');
    const before = await thread.tell({ kind: 'cancel' });
    expect(before).toBeLessThan(ALL);
    expect(await ended).toEqual({ kind: 'ended', fault: 'cancelled' });
    expect(thread.batches).toBeLessThanOrEqual(before + 1);
  });
});
