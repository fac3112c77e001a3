/**
 * What must hold in every schedule, looked at from outside: from frames, from what is stored, from what tabs trained,
 * and from the random bytes they were given. A violation is a sentence.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '../base/bytes.ts';
import type { ParticipantId, Sid } from '../base/ids.ts';
import { laneBits } from '../numeric/quantize.ts';
import { unpackLanes } from '../numeric/pack.ts';
import { bytesOfWords } from '../numeric/ring.ts';
import type { FaultCode } from '../protocol/faults.ts';
import { encodeValue } from '../protocol/codec.ts';
import type { Offer, ToCoordinator, ToParticipant } from '../protocol/messages/directions.ts';
import { quantizationTerms } from '../round/vector.ts';
import type { Outcome, StoredAttempt } from './store.ts';

/** What a participant that keeps the protocol is never told. */
const BLAME: readonly FaultCode[] = [
  'malformed',
  'oversized',
  'unsupported-protocol',
  'bad-proof',
  'wrong-length',
  'wrong-hash',
  'bad-signature',
  'second-key',
  'second-value',
];

/** What everybody may take for granted about an attempt's length besides the phases of its offer. */
const SLACK_MS = 60_000;

interface Watched {
  readonly offer: Offer;
  readonly offeredAtMs: number;
  /** What each trained, ring words. */
  readonly trained: Map<ParticipantId, Uint32Array>;
  /** Chunks of what each sent, by their index. */
  readonly uploads: Map<ParticipantId, Map<number, string>>;
  readonly revealed: Map<ParticipantId, string>;
  /** Bodies of what the coordinator signs once, by kind. */
  readonly signed: Map<string, string>;
  opened: boolean;
  sent: string | null;
  endedAtMs: number | null;
}

export class Checks {
  readonly violations: string[] = [];
  readonly #attempts = new Map<Sid, Watched>();
  /** SHA-256 of every mask that was ever seen on a vector. */
  readonly #masks = new Map<string, string>();

  offered(sid: Sid, offer: Offer, nowMs: number): void {
    if (this.#attempts.has(sid)) this.#violated(sid, 'one sid was offered twice');
    this.#attempts.set(sid, {
      offer,
      offeredAtMs: nowMs,
      trained: new Map(),
      uploads: new Map(),
      revealed: new Map(),
      signed: new Map(),
      opened: false,
      sent: null,
      endedAtMs: null,
    });
  }

  offerOf(sid: Sid): Offer | null {
    return this.#attempts.get(sid)?.offer ?? null;
  }

  offeredAtMs(sid: Sid): number {
    return this.#attempts.get(sid)?.offeredAtMs ?? 0;
  }

  /** How many attempts at the model of this one had shares asked for before it was offered, and no result. */
  openedInVain(sid: Sid): number {
    const attempt = this.#attempts.get(sid);
    if (attempt === undefined) return 0;
    const model = bytesToHex(attempt.offer.modelHash);
    return [...this.#attempts.values()].filter(
      (other) =>
        other !== attempt &&
        other.offeredAtMs <= attempt.offeredAtMs &&
        bytesToHex(other.offer.modelHash) === model &&
        other.signed.has('U3'),
    ).length;
  }

  trained(sid: Sid, id: ParticipantId, words: Uint32Array): void {
    const trained = this.#attempts.get(sid)?.trained;
    if (trained?.has(id) === true) this.#violated(sid, 'a tab trained twice for one sid');
    trained?.set(id, words);
  }

  /** A message as it left a tab. */
  left(id: ParticipantId, message: ToCoordinator): void {
    if (!('sid' in message)) return;
    const sid = bytesToHex(message.sid) as Sid;
    const attempt = this.#attempts.get(sid);
    if (attempt === undefined) return this.#violated(sid, 'a tab speaks of a sid that nobody offered');
    if (message.kind === 'reveal') {
      const shares = bytesToHex(encodeValue(message.shares));
      const before = attempt.revealed.get(id);
      if (before !== undefined && before !== shares) this.#violated(sid, 'a tab revealed twice');
      attempt.revealed.set(id, shares);
    }
    if (message.kind === 'masked') this.#uploaded(sid, attempt, id, message);
  }

  #uploaded(
    sid: Sid,
    attempt: Watched,
    id: ParticipantId,
    { index, chunks, bytes }: Extract<ToCoordinator, { kind: 'masked' }>,
  ): void {
    const sent = attempt.uploads.get(id) ?? new Map<number, string>();
    attempt.uploads.set(id, sent);
    const hex = bytesToHex(bytes);
    const before = sent.get(index);
    if (before !== undefined && before !== hex) this.#violated(sid, 'a tab sent two vectors for one sid');
    if (before !== undefined) return;
    sent.set(index, hex);
    if (sent.size < chunks) return;
    const words = attempt.trained.get(id);
    if (words === undefined) return this.#violated(sid, 'a tab sent what it trained for another sid');
    const all = Array.from({ length: chunks }, (_, chunk) => sent.get(chunk) ?? '').join('');
    this.#mask(sid, id, attempt.offer, words, all);
  }

  /** No mask is used on two vectors, and none is empty. */
  #mask(sid: Sid, id: ParticipantId, offer: Offer, words: Uint32Array, hex: string): void {
    const bits = laneBits(quantizationTerms(offer));
    const packed = Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
      Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
    );
    const lanes = unpackLanes(packed, bits, words.length);
    if (!lanes.ok) return this.#violated(sid, 'an upload has another length than its offer says');
    const mask = lanes.value.map((lane, i) => low(lane - (words[i] ?? 0), bits));
    if (mask.every((word) => word === 0)) this.#violated(sid, 'an update left without a mask');
    const digest = bytesToHex(sha256(bytesOfWords(mask)));
    const before = this.#masks.get(digest);
    if (before !== undefined) this.#violated(sid, 'one mask hid two updates');
    this.#masks.set(digest, `${sid} ${id}`);
  }

  /** A message as it left the coordinator; `stored` is what is on disk then. */
  said(message: ToParticipant, stored: (sid: Sid) => StoredAttempt | null): void {
    if (message.kind === 'fault') {
      if (BLAME.includes(message.code))
        this.violations.push(`a tab that keeps the protocol was told ${message.code}: ${message.detail}`);
      return;
    }
    if (!('sid' in message)) return;
    const sid = bytesToHex(message.sid) as Sid;
    const attempt = this.#attempts.get(sid);
    const record = stored(sid);
    if (attempt === undefined || record === null)
      return this.#violated(sid, `the coordinator says ${message.kind} of a sid that is not stored`);
    switch (message.kind) {
      case 'roster':
        return this.#once(sid, attempt, 'roster', message.list);
      case 'mask-request':
        return this.#once(sid, attempt, 'U2', message.u2);
      case 'unmask-request':
        if (record.state === 'open') this.#violated(sid, 'shares were asked for before that was stored');
        return this.#once(sid, attempt, 'U3', message.u3);
      case 'result':
      case 'abort': {
        const { signature: _, ...body } = message;
        if (record.state !== (message.kind === 'result' ? 'done' : 'aborted'))
          this.#violated(sid, `${message.kind} was sent before it was stored`);
        const said = message.kind === 'abort' ? `abort ${message.code}` : bytesToHex(encodeValue(body));
        if (attempt.sent !== null && attempt.sent !== said) this.#violated(sid, 'two outcomes were sent');
        attempt.sent = said;
        return;
      }
      default:
        return;
    }
  }

  #once(sid: Sid, attempt: Watched, what: string, value: Uint8Array): void {
    const hex = bytesToHex(value);
    const before = attempt.signed.get(what);
    if (before !== undefined && before !== hex)
      this.#violated(sid, `the coordinator signed two values of ${what}`);
    attempt.signed.set(what, hex);
  }

  /** `sumHash` is of the opened sum, hex. */
  opened(sid: Sid, survivors: readonly ParticipantId[], sumHash: string): void {
    const attempt = this.#attempts.get(sid);
    if (attempt === undefined) return this.#violated(sid, 'a sum was opened of a sid that nobody offered');
    if (attempt.opened) this.#violated(sid, 'a sum was opened twice');
    attempt.opened = true;
    if (survivors.length < attempt.offer.minSurvivors || survivors.length < 3)
      this.#violated(sid, `a sum of ${survivors.length} was opened`);
    const bits = laneBits(quantizationTerms(attempt.offer));
    const plain = new Uint32Array(attempt.offer.vectorWords);
    for (const id of survivors) {
      const words = attempt.trained.get(id);
      if (words === undefined) return this.#violated(sid, 'a sum holds somebody who has not trained');
      words.forEach((word, i) => (plain[i] = (plain[i] ?? 0) + word));
    }
    const lanes = plain.map((word) => low(word, bits));
    if (bytesToHex(sha256(bytesOfWords(lanes))) !== sumHash)
      this.#violated(sid, 'the opened sum is not the sum of what its survivors trained');
  }

  /** A sum could not be opened though everybody keeps the protocol. */
  unopenable(sid: Sid, why: string): void {
    this.#violated(sid, `shares of tabs that keep the protocol opened nothing: ${why}`);
  }

  ended(sid: Sid, before: Outcome | null, outcome: Outcome, nowMs: number): void {
    if (before !== null) this.#violated(sid, `a second outcome, ${outcome.state}, was stored`);
    const attempt = this.#attempts.get(sid);
    if (attempt === undefined) return;
    if (outcome.state === 'done' && !attempt.opened) this.#violated(sid, 'a sum that was not opened is done');
    attempt.endedAtMs = nowMs;
    const lasted = nowMs - attempt.offeredAtMs;
    if (lasted > boundMs(attempt.offer)) this.#violated(sid, `the attempt lasted ${lasted} ms`);
  }

  /** A tab is in this attempt still. */
  inAttempt(sid: Sid, nowMs: number): void {
    const attempt = this.#attempts.get(sid);
    if (attempt === undefined) return;
    // It waits one phase longer than the coordinator in each of its states.
    const bound = boundMs(attempt.offer) + 6 * attempt.offer.durationsMs.sharing;
    if (nowMs - attempt.offeredAtMs > bound)
      this.#violated(sid, 'a tab is in an attempt that should be over');
  }

  violated(sentence: string): void {
    this.violations.push(sentence);
  }

  #violated(sid: Sid, sentence: string): void {
    this.violations.push(`${sid.slice(0, 8)}: ${sentence}`);
  }
}

const low = (word: number, bits: number) => (word << (32 - bits)) >>> (32 - bits);

/** All phases of the offer, one after another. */
const boundMs = ({ durationsMs }: Offer): number =>
  Object.values(durationsMs).reduce((sum, ms) => sum + ms, 0) + SLACK_MS;
