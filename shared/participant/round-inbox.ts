/**
 * The coordinator's messages about a round on their way to the machine: in their order, with their signatures
 * verified, decoded to roster indices. What it signed is kept while the attempt lasts: two values for one sid are
 * evidence (EVIDENCE-1). A message that does not hold changes nothing (FAULT-1).
 */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { Sid } from '../base/ids.ts';
import { unreachable } from '../base/invariant.ts';
import type { SignatureDomain } from '../crypto/identity.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { indicesOf } from '../protocol/bitset.ts';
import type { Advertise, ToParticipant } from '../protocol/messages/directions.ts';
import {
  confirmBody,
  outcomeBody,
  rosterBody,
  rosterEntries,
  rosterRoot,
  u2Body,
  u3Body,
} from '../protocol/transcript.ts';
import type { ClientEvent } from '../round/client/types.ts';
import type { RosterCheck } from './roster-check.ts';
import { modelHashOfBytes } from './round-events.ts';

export type RoundMessage = Extract<ToParticipant, { sid: unknown }>;
type Ordered = Exclude<RoundMessage, { kind: 'relayed' }>;
type Signed = 'roster' | 'u2' | 'u3';

/** Two signed bodies; each names the sid. All hex. */
export interface Evidence {
  readonly of: Signed;
  readonly coordinatorKey: string;
  readonly values: readonly { readonly body: string; readonly signature: string }[];
}

interface InboxTerms {
  readonly sid: Sid;
  readonly coordinatorKey: Uint8Array;
  readonly suite: CryptoSuite;
}

export class RoundInbox {
  readonly #terms: InboxTerms;
  readonly #take: (event: ClientEvent) => void;
  readonly #signed = new Map<Signed, Map<string, string>>();
  #queue: Promise<void> = Promise.resolve();
  #advertises: readonly Advertise[] = [];
  #root: Uint8Array = new Uint8Array(32);
  #size = 0;
  #roster: RosterCheck | null = null;
  #u2: Uint8Array | null = null;
  #u3: Uint8Array | null = null;

  constructor(terms: InboxTerms, take: (event: ClientEvent) => void) {
    this.#terms = terms;
    this.#take = take;
  }

  /** Those that came with the first roster. */
  get advertises(): readonly Advertise[] {
    return this.#advertises;
  }

  /** The roster holds; from here on sets of its members are understood. */
  seat(root: string, size: number, roster: RosterCheck): void {
    this.#root = hexToBytes(root);
    this.#size = size;
    this.#roster = roster;
  }

  receive(message: Ordered): void {
    this.#queue = this.#queue.then(() => this.#read(message));
  }

  async #read(message: Ordered): Promise<void> {
    const event = await this.#eventOf(message);
    if (event !== null) this.#take(event);
  }

  evidenceOf(of: Signed): Evidence {
    const values = [...(this.#signed.get(of) ?? [])].map(([body, signature]) => ({ body, signature }));
    return { of, coordinatorKey: bytesToHex(this.#terms.coordinatorKey), values };
  }

  async #eventOf(message: Ordered): Promise<ClientEvent | null> {
    const { sid } = this.#terms;
    switch (message.kind) {
      case 'roster':
        return this.#rosterEvent(message);
      case 'peers-gone': {
        const gone = indicesOf(message.gone, this.#size);
        return gone.ok ? { kind: 'peers-gone', gone: gone.value } : null;
      }
      case 'mask-request': {
        const { u2, signature } = message;
        const refused = await this.#refusal('u2', u2Body(sid, this.#root, u2), signature);
        if (refused !== 'none') return refused;
        this.#u2 ??= u2;
        const members = indicesOf(u2, this.#size);
        return members.ok
          ? { kind: 'mask-request', u2: { bits: bytesToHex(u2), members: members.value } }
          : null;
      }
      case 'upload-grant':
        return { kind: 'upload-grant', nextChunk: message.nextChunk };
      case 'unmask-request': {
        const { u3, signature } = message;
        if (this.#u2 === null) return null;
        const refused = await this.#refusal('u3', u3Body(sid, this.#root, this.#u2, u3), signature);
        if (refused !== 'none') return refused;
        this.#u3 ??= u3;
        const members = indicesOf(u3, this.#size);
        return members.ok
          ? { kind: 'unmask-request', u3: { bits: bytesToHex(u3), members: members.value } }
          : null;
      }
      case 'confirmations':
        return this.#confirmationsEvent(message);
      case 'result': {
        if (!(await this.#verify('outcome', outcomeBody(message), message.signature))) return null;
        return {
          kind: 'result',
          modelHash: modelHashOfBytes(message.modelHash),
          survivors: message.survivors,
        };
      }
      case 'abort': {
        if (!(await this.#verify('outcome', outcomeBody(message), message.signature))) return null;
        return { kind: 'abort', code: message.code, detail: message.detail };
      }
      case 'dismissed':
        return { kind: 'dismissed', detail: message.detail };
      default:
        return unreachable(message);
    }
  }

  async #rosterEvent({
    list,
    advertises,
    signature,
  }: Extract<Ordered, { kind: 'roster' }>): Promise<ClientEvent | null> {
    const { sid } = this.#terms;
    const entries = rosterEntries(list);
    if (!entries.ok) return null;
    const root = rosterRoot(sid, list);
    const refused = await this.#refusal('roster', rosterBody(sid, root), signature);
    if (refused !== 'none') return refused;
    if (this.#advertises.length === 0) this.#advertises = advertises;
    return { kind: 'roster', root: bytesToHex(root), entries: entries.value };
  }

  /** CONFIRM-2: only signatures over what this participant has confirmed itself count. */
  async #confirmationsEvent({ signatures }: Extract<Ordered, { kind: 'confirmations' }>) {
    const [u2, u3, roster] = [this.#u2, this.#u3, this.#roster];
    if (u2 === null || u3 === null || roster === null) return null;
    const body = confirmBody(this.#terms.sid, this.#root, u2, u3);
    const checks = signatures.flatMap(({ from, signature }) => {
      const participant = roster.entries[from]?.participant;
      return participant !== undefined && roster.seat.holders.includes(from)
        ? [
            {
              from,
              check: { domain: 'confirm' as const, body, signature, publicKey: hexToBytes(participant) },
            },
          ]
        : [];
    });
    // As many as are needed, and more only where some do not hold.
    const valid: number[] = [];
    for (let next = 0; next < checks.length && valid.length < roster.seat.threshold;) {
      const batch = checks.slice(next, next + roster.seat.threshold - valid.length);
      const holds = await this.#terms.suite.verifyAll(batch.map(({ check }) => check));
      valid.push(...batch.flatMap(({ from }, i) => (holds[i] ? [from] : [])));
      next += batch.length;
    }
    return { kind: 'confirmations', valid } as const;
  }

  /**
   * What becomes of a signed value that is not to be acted upon: nothing where its signature does not hold, and the
   * end of trust where it is a second one, whatever became of the first (EVIDENCE-1). Both are kept.
   */
  async #refusal(of: Signed, body: Uint8Array, signature: Uint8Array): Promise<ClientEvent | null | 'none'> {
    if (!(await this.#verify(of, body, signature))) return null;
    const known = this.#signed.get(of) ?? new Map<string, string>();
    // Two are enough.
    if (known.size < 2) known.set(bytesToHex(body), bytesToHex(signature));
    this.#signed.set(of, known);
    return known.size > 1 ? { kind: 'equivocated', of } : 'none';
  }

  async #verify(domain: SignatureDomain, body: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const { suite, coordinatorKey: publicKey } = this.#terms;
    const [valid] = await suite.verifyAll([{ domain, body, signature, publicKey }]);
    return valid === true;
  }
}
