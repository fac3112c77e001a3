/** The process's end of `./node-runner.ts`: answers one question after another. */
import { systemRandom } from '#shared/base/random.ts';
import { AUXILIARY_LANES } from '#shared/protocol/limits.ts';
import { openSslSigner } from '../../../coordinator/crypto/openssl-signer.ts';
import { openSslSuite } from '../../../coordinator/crypto/openssl-suite.ts';
import { median } from '../numbers.ts';
import { assembleAttempt, type Attempt } from './attempt.ts';
import { ClientBench } from './client-bench.ts';
import { threadMs } from './clock.ts';
import { toleratedPerMille, type Conditions } from './conditions.ts';
import { coordinateRound, uploadFrames } from './coordinator.ts';
import type { CoordinatorFigures, Question } from './runner.ts';

/** As many turns as fit, from one to five. */
const TURNS = 5;
const TURNS_MS = 4_000;

const clients = new ClientBench({
  suite: openSslSuite,
  newSigner: async () => openSslSigner(systemRandom(32)),
  nowMs: threadMs,
});
/** The last one, by its conditions but d. */
let known: { readonly key: string; readonly attempt: Attempt } | null = null;

async function attemptOf(conditions: Conditions): Promise<Attempt> {
  const tolerated = toleratedPerMille(conditions);
  const key = `${conditions.cohort} ${tolerated} ${conditions.dropout}`;
  if (known?.key !== key) {
    const attempt = await assembleAttempt(conditions.cohort, tolerated, conditions.dropout);
    known = { key, attempt };
  }
  return known.attempt;
}

async function measureCoordinator(conditions: Conditions): Promise<CoordinatorFigures> {
  const attempt = await attemptOf(conditions);
  const lanes = conditions.parameters + AUXILIARY_LANES;
  const upload = uploadFrames(attempt, lanes);
  const turns: number[] = [];
  let peakBytes = 0;
  let total = 0;
  while (turns.length < TURNS && (turns.length === 0 || total + total / turns.length < TURNS_MS)) {
    const cost = await coordinateRound(attempt, lanes, upload);
    turns.push(cost.cpuMs);
    total += cost.cpuMs;
    peakBytes = Math.max(peakBytes, cost.peakBytes);
  }
  return { neighbours: attempt.cohort.parameters.neighbours, roundMs: median(turns), peakBytes };
}

process.on('message', ({ of, conditions }: Question) => {
  const answer = of === 'client' ? clients.measure(conditions) : measureCoordinator(conditions);
  void answer.then((figures) => process.send?.(figures));
});
