/** One participant's part in one attempt, message by message; and a whole attempt, played by several. */
import { createHash } from 'node:crypto';
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import { isParticipantId, type Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { seededRandom, systemRandom } from '#shared/base/random.ts';
import { generateKeyPair } from '#shared/crypto/agreement.ts';
import { quantizeUpdate } from '#shared/numeric/quantize.ts';
import { addVector, bytesOfWords } from '#shared/numeric/ring.ts';
import { encodeMessage } from '#shared/protocol/codec.ts';
import { UPLOAD_CHUNK_BYTES } from '#shared/protocol/limits.ts';
import type { Offer, ToCoordinator, ToParticipant } from '#shared/protocol/messages/directions.ts';
import { sidOfOffer } from '#shared/protocol/transcript.ts';
import { quantizationTerms } from '#shared/round/client/policy.ts';
import { maskTerms, maskWithAll } from '#shared/round/pair-masks.ts';
import type { ScriptedParticipant } from './scripted-participant.ts';

type Roster = Extract<ToParticipant, { kind: 'roster' }>;
type Masked = Extract<ToCoordinator, { kind: 'masked' }>;

export class ScriptedPart {
  readonly who: ScriptedParticipant;
  readonly offer: Offer;
  readonly sid: Sid;
  /** The quantized update, [d + 1]; never sent. */
  readonly words: Uint32Array;
  readonly #keys = generateKeyPair(systemRandom);

  constructor(who: ScriptedParticipant, offer: Offer) {
    this.who = who;
    this.offer = offer;
    this.sid = sidOfOffer(encodeMessage(offer), who.welcome.coordinatorKey);
    const random = seededRandom(`${this.sid} ${who.id}`)(4 * (offer.vectorWords - 1));
    // Any reals in the range, and any number of examples.
    const delta = Float32Array.from(new Int32Array(random.buffer), (word) => word / 2 ** 31);
    const weight = 1 + ((random[0] ?? 0) % offer.weightMax);
    const quantized = quantizeUpdate(delta, weight, quantizationTerms(offer));
    invariant(quantized.ok, 'a scripted update can be quantized');
    this.words = quantized.value;
  }

  /** Of the next offer that comes. */
  static async of(who: ScriptedParticipant): Promise<ScriptedPart> {
    return new ScriptedPart(who, await who.next('offer'));
  }

  get #sid(): Uint8Array {
    return hexToBytes(this.sid);
  }

  accept(): void {
    this.who.send({ kind: 'accept', sid: this.#sid });
  }

  advertise(maskKey: Uint8Array = this.#keys.publicKey): void {
    this.who.send({ kind: 'advertise', sid: this.#sid, maskKey });
  }

  /** The masked vector for a roster, [d + 1]. */
  mask(roster: Roster): Uint32Array {
    const entries = roster.entries.map(({ participant, maskKey }) => {
      const id = bytesToHex(participant);
      invariant(isParticipantId(id), 'an id has 32 bytes');
      return { participant: id, maskKey: bytesToHex(maskKey) };
    });
    const words = this.words.slice();
    const masked = maskWithAll(words, maskTerms(this.sid, entries, this.who.id, this.#keys.secretKey));
    invariant(masked.ok, 'keys of a roster can be agreed with');
    return words;
  }

  chunks(words: Uint32Array): Masked[] {
    const bytes = bytesOfWords(words);
    const chunks = Math.ceil(bytes.length / UPLOAD_CHUNK_BYTES);
    return Array.from({ length: chunks }, (_, index) => ({
      kind: 'masked',
      sid: this.#sid,
      index,
      chunks,
      bytes: bytes.slice(index * UPLOAD_CHUNK_BYTES, (index + 1) * UPLOAD_CHUNK_BYTES),
    }));
  }

  /** The whole masked vector. */
  upload(words: Uint32Array): void {
    for (const chunk of this.chunks(words)) this.who.send(chunk);
  }

  roster(): Promise<Roster> {
    return this.who.next('roster', this.sid);
  }

  async uploadForRoster(): Promise<void> {
    this.upload(this.mask(await this.roster()));
  }

  result(): Promise<Extract<ToParticipant, { kind: 'result' }>> {
    return this.who.next('result', this.sid);
  }
}

/** All take the next offer and have trained; the roster is on its way to them. */
export async function trainedParts(everyone: readonly ScriptedParticipant[]): Promise<ScriptedPart[]> {
  const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
  for (const part of parts) part.accept();
  for (const part of parts) part.advertise();
  return parts;
}

/** A whole attempt in which everybody does its part; everyone's result. */
export async function playRound(everyone: readonly ScriptedParticipant[]) {
  const parts = await trainedParts(everyone);
  await Promise.all(parts.map((part) => part.uploadForRoster()));
  const results = await Promise.all(parts.map((part) => part.result()));
  return { parts, results, plainSumHash: plainSumHash(parts) };
}

/** SHA-256 of the sum of the updates as they were before they were masked, hex. */
export function plainSumHash(parts: readonly ScriptedPart[]): string {
  const sum = new Uint32Array(parts[0]?.words.length ?? 0);
  for (const { words } of parts) addVector(sum, words);
  return createHash('sha256').update(bytesOfWords(sum)).digest('hex');
}
