/**
 * The choice among a device's backends, and the way on when the chosen one breaks. The fastest of a short trial
 * is taken, and remembered for the device; a local update whose backend broke is computed again on the next.
 */
import { invariant } from '../../base/invariant.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { BackendChoice, BackendName, BackendWish, KeptTrial } from '../../participant/backend-choice.ts';
import { CPU_IS_SLOW } from '../backend.ts';
import type { Candidate, RunningBackend } from './candidate.ts';
import { tryBackend } from './trial.ts';

interface BackendPorts {
  readonly nowMs: () => number;
  readonly kept: KeptTrial;
}

interface Started {
  readonly candidate: Candidate;
  readonly running: RunningBackend;
}
interface Tried extends Started {
  readonly stepMs: number;
}

export class TrainingBackends {
  readonly #candidates: readonly Candidate[];
  readonly #ports: BackendPorts;
  /** Those that broke in this page; not taken again. */
  readonly #broken = new Set<BackendName>();
  #starting: Promise<Result<BackendChoice, string>> | null = null;
  #chosen: (Started & { readonly choice: BackendChoice }) | null = null;
  /** Under way where a backend broke. */
  #replacing: Promise<Result<BackendChoice, string>> | null = null;

  /** `candidates` in order of preference where no trial decides, the last resort last. */
  constructor(candidates: readonly Candidate[], ports: BackendPorts) {
    this.#candidates = candidates;
    this.#ports = ports;
  }

  /**
   * Chooses and starts; once, unless it failed. A wish that cannot be met gives way to the others, and the reason
   * says so. A sentence where no backend starts.
   */
  async start(wish: BackendWish): Promise<Result<BackendChoice, string>> {
    this.#starting ??= this.#start(wish);
    const started = await this.#starting;
    if (!started.ok) this.#starting = null;
    return started;
  }

  /** The one in use; another after one broke. Null before the start, and where none is left. */
  get choice(): BackendChoice | null {
    return this.#chosen?.choice ?? null;
  }

  /**
   * The result of `work`, which computes on the current backend and may be called again: where the backend broke
   * meanwhile, its result is dropped, and `work` runs on the next. It should end soon after `broken` has
   * aborted. Throws what `work` throws on a backend that is whole. Works may overlap.
   */
  async run<T>(work: (broken: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#replacing;
      const chosen = this.#chosen;
      invariant(chosen, 'a backend is started before it is used');
      const outcome = await outcomeOf(() => work(chosen.running.broken));
      const failed = !outcome.ok && chosen.running.breaksOn(outcome.fault);
      const fault =
        (await chosen.running.fault()) ?? (failed ? `It failed: ${messageOf(outcome.fault)}` : null);
      if (fault === null) {
        if (outcome.ok) return outcome.value;
        throw outcome.fault;
      }
      const next = await this.#replace(chosen, fault);
      if (!next.ok) throw new Error(next.fault);
    }
  }

  async #start(wish: BackendWish): Promise<Result<BackendChoice, string>> {
    if (wish === 'auto') return (await this.#startKept()) ?? this.#startFastest('');
    const candidate = this.#candidates.find(({ name }) => name === wish);
    if (!candidate) return this.#startFastest(`There is no ${wish} here, which was asked for. `);
    const started = await candidate.start(true);
    if (started.ok) return this.#take({ candidate, running: started.value }, 'It was asked for.');
    return this.#startFastest(`${wish} was asked for and did not start. ${started.fault} `);
  }

  /** Null where no trial is kept, or what it chose does not start any more. */
  async #startKept(): Promise<Result<BackendChoice, string> | null> {
    const kept = await this.#ports.kept.get();
    const candidate = this.#candidates.find(({ name }) => name === kept?.name);
    if (!kept || !candidate) return null;
    const started = await candidate.start(false);
    if (started.ok) return this.#take({ candidate, running: started.value }, kept.reason);
    await this.#ports.kept.forget();
    return null;
  }

  /** By trial, or the last resort; `because` goes before the reason. */
  async #startFastest(because: string): Promise<Result<BackendChoice, string>> {
    const tried: Tried[] = [];
    const faults: string[] = [];
    for (const candidate of this.#candidates.filter(
      (each) => !each.lastResort && !this.#broken.has(each.name),
    )) {
      const trial = await this.#try(candidate);
      if (trial.ok) tried.push(trial.value);
      else faults.push(`${candidate.name} is out. ${trial.fault}`);
    }
    const [fastest, ...others] = tried.toSorted((a, b) => a.stepMs - b.stepMs);
    if (!fastest) return this.#startLastResort(because + faults.join(' '));
    for (const { candidate } of others) candidate.stop();
    // The one tried last is the current one.
    const { candidate } = fastest;
    const again = await candidate.start(false);
    if (!again.ok) return fail(again.fault);
    const reason = [timesOf(fastest, others), ...faults].join(' ');
    if (because === '') await this.#ports.kept.put({ name: candidate.name, reason });
    return this.#take({ candidate, running: again.value }, because + reason);
  }

  async #startLastResort(because: string): Promise<Result<BackendChoice, string>> {
    const candidate = this.#candidates.find((each) => each.lastResort && !this.#broken.has(each.name));
    if (!candidate) return fail(`No backend trains on this device. ${because}`);
    const started = await candidate.start(false);
    if (!started.ok) return fail(`No backend trains on this device. ${because} ${started.fault}`);
    return this.#take({ candidate, running: started.value }, `${because} ${CPU_IS_SLOW}`);
  }

  /** A trial, and whether the backend outlived it. */
  async #try(candidate: Candidate): Promise<Result<Tried, string>> {
    const started = await candidate.start(false);
    if (!started.ok) return started;
    const running = started.value;
    const outcome = await outcomeOf(() => tryBackend(this.#ports.nowMs));
    const trial = outcome.ok ? outcome.value : fail(messageOf(outcome.fault));
    const broke = await running.fault();
    const tried = broke === null ? trial : fail(broke);
    if (tried.ok) return ok({ candidate, running, stepMs: tried.value });
    candidate.stop();
    return tried;
  }

  /** Once, however many works met the break. */
  async #replace(broken: Started, fault: string): Promise<Result<BackendChoice, string>> {
    if (this.#replacing !== null) return this.#replacing;
    if (this.#chosen !== null && this.#chosen.candidate !== broken.candidate) return ok(this.#chosen.choice);
    this.#replacing = this.#takeNext(broken, fault).finally(() => (this.#replacing = null));
    return this.#replacing;
  }

  /** The next candidate takes the place of one that broke. */
  async #takeNext({ candidate, running }: Started, fault: string): Promise<Result<BackendChoice, string>> {
    this.#broken.add(candidate.name);
    this.#chosen = null;
    candidate.stop();
    await this.#ports.kept.forget();
    return this.#startFastest(`${running.label} broke while it trained. ${fault} `);
  }

  #take(started: Started, reason: string): Result<BackendChoice, string> {
    const choice = { name: started.candidate.name, label: started.running.label, reason };
    this.#chosen = { ...started, choice };
    return ok(choice);
  }
}

/** "wasm (SIMD) took 3.1 ms for a step of a trial; webgpu took 9.0 ms." */
function timesOf(fastest: Tried, others: readonly Tried[]): string {
  const [time, ...more] = [fastest, ...others].map(
    ({ running, stepMs }) => `${running.label} took ${stepMs.toPrecision(2)} ms`,
  );
  return [`${time} for a step of a trial`, ...more].join('; ') + '.';
}

/** Also of work that throws at once. */
async function outcomeOf<T>(work: () => Promise<T>): Promise<Result<T, unknown>> {
  try {
    return ok(await work());
  } catch (error) {
    return fail(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
