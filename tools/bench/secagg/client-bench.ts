/** Times a client's rounds, in Node and in a worker of Chromium. */
import { hexToBytes } from '#shared/base/bytes.ts';
import { invariant } from '#shared/base/invariant.ts';
import { isSoundKey, type Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import { verifyChain } from '#shared/protocol/invitation.ts';
import { AUXILIARY_LANES } from '#shared/protocol/limits.ts';
import { vectorBits } from '#shared/round/vector.ts';
import { median } from '../numbers.ts';
import { playRound } from './client.ts';
import { assembleCohort, type Cohort } from './cohort.ts';
import { toleratedPerMille, type Conditions } from './conditions.ts';
import { requestsTo } from './requests.ts';

export interface ClientCost {
  /** k. */
  readonly neighbours: number;
  /** W. */
  readonly laneBits: number;
  /** Of one round whose neighbours it knows, the median. */
  readonly roundMs: number;
  /** What is looked at once a neighbour: its invitation, and the order of its key. */
  readonly firstRoundExtraMs: number;
  readonly uploadBytes: number;
  /** Of all else that goes to the coordinator. */
  readonly controlBytes: number;
  readonly peerBytes: number;
}

export interface ClientRuntime {
  readonly suite: CryptoSuite;
  /** Of this runtime's participants. */
  newSigner(): Promise<Signer>;
  /** CPU or wall time. */
  nowMs(): number;
}

/** Rounds are timed in rows of this length, so that a tick of the clock is little. */
const ROW_MS = 150;
/** How many rows the median is taken of: fewer where a round is long, for which the clock is exact enough. */
const rowsOf = (roundMs: number): number => (roundMs < 2 * ROW_MS ? 5 : 3);

export class ClientBench {
  readonly #runtime: ClientRuntime;
  #cohort: { readonly key: string; readonly value: Cohort; readonly firstRoundExtraMs: number } | null = null;

  constructor(runtime: ClientRuntime) {
    this.#runtime = runtime;
  }

  async measure(conditions: Conditions): Promise<ClientCost> {
    const { suite, nowMs } = this.#runtime;
    const { value: cohort, firstRoundExtraMs } = await this.#cohortOf(conditions);
    const requests = await requestsTo(cohort, conditions.dropout);
    const words = new Uint32Array(conditions.parameters + AUXILIARY_LANES);
    const row = async (rounds: number) => {
      const start = nowMs();
      for (let i = 0; i < rounds; i++) await playRound(cohort, requests, suite, words);
      return (nowMs() - start) / rounds;
    };
    // The first ones are slow: nothing is compiled.
    const sent = await playRound(cohort, requests, suite, words);
    await row(1);
    const roundMs = await row(1);
    const rounds = Math.max(1, Math.ceil(ROW_MS / Math.max(1, roundMs)));
    const rows: number[] = [];
    while (rows.length < rowsOf(roundMs)) rows.push(await row(rounds));
    return {
      neighbours: cohort.seat.neighbours.length,
      laneBits: vectorBits(cohort.offer),
      roundMs: median(rows),
      firstRoundExtraMs,
      uploadBytes: sent.upload,
      controlBytes: sent.control,
      peerBytes: sent.toPeers,
    };
  }

  /** The last one is kept: cohorts take seconds. */
  async #cohortOf(conditions: Conditions) {
    const tolerated = toleratedPerMille(conditions);
    const key = `${conditions.cohort} ${tolerated}`;
    if (this.#cohort?.key === key) return this.#cohort;
    const { suite, newSigner, nowMs } = this.#runtime;
    const value = await assembleCohort(conditions.cohort, tolerated, await newSigner(), suite);
    const start = nowMs();
    lookAtNeighbours(value);
    this.#cohort = { key, value, firstRoundExtraMs: nowMs() - start };
    return this.#cohort;
  }
}

function lookAtNeighbours({ run, adminKey, seat, entries, advertises }: Cohort): void {
  for (const index of seat.neighbours) {
    const [entry, advertise] = [entries[index], advertises.get(index)];
    invariant(entry && advertise, 'neighbours have advertised');
    const identity = hexToBytes(entry.participant);
    const chain = verifyChain(advertise.chain, { run, adminKey, identity, nowSeconds: 0 });
    invariant(chain.ok && isSoundKey(identity), 'a neighbour is invited');
  }
}
