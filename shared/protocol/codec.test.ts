import { encode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '../base/bytes.ts';
import {
  decodeOffer,
  decodeToCoordinator,
  decodeToParticipant,
  decodeToPeer,
  encodeMessage,
  encodeOffer,
} from './codec.ts';
import {
  DURATION_MS,
  MAX_COHORT,
  MAX_FRAME_BYTES,
  MAX_PEER_FRAME_BYTES,
  MAX_ROSTER_FRAME_BYTES,
  UPLOAD_CHUNK_BYTES,
} from './limits.ts';
import type { Offer, ToCoordinator, ToParticipant, ToPeer } from './messages/directions.ts';

const id = (fill: number) => new Uint8Array(32).fill(fill);
const signature = new Uint8Array(64).fill(11);
const chain = new Uint8Array(197).fill(12);
const sealed = new Uint8Array(80).fill(13);
const bits = Uint8Array.of(0b1011);
const training = { epochs: 1, batchSize: 32, learningRate: 0.1, optimizer: { kind: 'sgd' } } as const;

const advertise = {
  kind: 'advertise',
  sid: id(2),
  participant: id(1),
  chain,
  maskKey: id(3),
  sealKey: id(4),
  commitment: id(5),
  link: new Uint8Array(16).fill(6),
  signature,
} as const;

const OFFER: Offer = {
  run: 'abcdefghijklmnop',
  round: 1,
  attempt: 2,
  nonce: id(5),
  modelHash: id(6),
  taskId: 'mnist-2nn',
  training: { ...training, learningRate: 1e-7 },
  quantization: { range: 1, bits: 16 },
  weightMax: 7500,
  invited: 8,
  minCohort: 3,
  minSurvivors: 3,
  accomplices: 1,
  dropoutPerMille: 100,
  vectorWords: 199_211,
  privacy: null,
  seed: 1,
  durationsMs: DURATION_MS,
};

const TO_COORDINATOR: readonly ToCoordinator[] = [
  {
    kind: 'hello',
    protocol: 3,
    run: 'abcdefghijklmnop',
    participant: id(1),
    chain,
    proof: signature,
    shard: null,
    resume: null,
  },
  {
    kind: 'hello',
    protocol: 3,
    run: 'abcdefghijklmnop',
    participant: id(1),
    chain,
    proof: signature,
    shard: { index: 2, of: 8 },
    resume: id(2),
  },
  { kind: 'ready', backend: 'wasm' },
  { kind: 'leave' },
  { kind: 'accept', sid: id(2) },
  { kind: 'decline', sid: id(2), reason: 'policy' },
  { kind: 'progress', sid: id(2), percent: 40 },
  advertise,
  { ...advertise, link: new Uint8Array(0) },
  { kind: 'shares', sid: id(2), shares: [{ to: 3, sealed }] },
  { kind: 'shared', sid: id(2), held: bits, direct: bits },
  { kind: 'masked-ready', sid: id(2) },
  {
    kind: 'masked',
    sid: id(2),
    index: 3,
    chunks: 4,
    hash: new Uint8Array(16),
    bytes: new Uint8Array(UPLOAD_CHUNK_BYTES).fill(7),
  },
  {
    kind: 'agreed',
    terms: { rounds: 8, caps: { participations: 8, epsilon: 11.4, delta: 1e-5 } },
    isAnswer: true,
  },
  { kind: 'confirm', sid: id(2), signature },
  { kind: 'reveal', sid: id(2), shares: [{ of: 0, share: id(9) }] },
];

const TO_PARTICIPANT: readonly ToParticipant[] = [
  { kind: 'greeting', nonce: id(3), coordinatorKey: id(4) },
  {
    kind: 'welcome',
    task: {
      version: 1,
      id: 'mnist-2nn',
      title: 'Handwritten digits – MNIST',
      summary: 'Ein Überblick: 10 Ziffern ✍',
      data: { kind: 'demo-shards', dataset: 'mnist', credit: 'LeCun, Cortes, Burges' },
      model: {
        version: 1,
        inputShape: [784],
        layers: [
          { kind: 'dense', units: 200, activation: 'relu' },
          { kind: 'dense', units: 10, activation: 'linear' },
        ],
        loss: 'softmax-cross-entropy',
      },
      training,
      quantization: { range: 0.25, bits: 16 },
      weightMax: 60_000,
    },
    shard: { index: 0, of: 3 },
    rounds: 10,
    minCohort: 3,
    onePerProfile: false,
  },
  { kind: 'room', here: 2, needed: 3 },
  { kind: 'extended', terms: { rounds: 8, caps: null } },
  { kind: 'offer', terms: encodeOffer(OFFER), signature },
  { kind: 'roster', sid: id(2), list: new Uint8Array(128).fill(8), advertises: [advertise], signature },
  { kind: 'relayed', sid: id(2), shares: [{ from: 1, sealed }] },
  { kind: 'peers-gone', sid: id(2), gone: bits },
  { kind: 'mask-request', sid: id(2), u2: bits, signature },
  { kind: 'upload-grant', sid: id(2), nextChunk: 0 },
  { kind: 'unmask-request', sid: id(2), u3: bits, signature },
  { kind: 'confirmations', sid: id(2), signatures: [{ from: 2, signature }] },
  { kind: 'result', sid: id(2), sumHash: id(7), modelHash: id(6), survivors: 8, signature },
  { kind: 'abort', sid: id(2), code: 'too-few-uploaded', detail: 'Participants left.', signature },
  { kind: 'dismissed', sid: id(2), detail: 'It came too late.' },
  { kind: 'finished', outcome: 'done', rounds: 10, modelHash: id(6) },
  { kind: 'fault', code: 'malformed', detail: 'The frame is not deterministic CBOR.', closing: true },
];

const TO_PEER: readonly ToPeer[] = [
  { kind: 'link', sid: id(2), root: id(3), advertise, signature },
  { kind: 'share', sid: id(2), sealed },
];

const malformed = { ok: false, fault: { code: 'malformed' } };

describe('frames', () => {
  it.each(TO_COORDINATOR.map((message) => [message.kind, message] as const))(
    'CODEC-1: %s comes back as it was sent, to the coordinator only',
    (_, message) => {
      const frame = encodeMessage(message);
      expect(decodeToCoordinator(frame)).toEqual({ ok: true, value: message });
      expect(decodeToParticipant(frame)).toMatchObject(malformed);
    },
  );

  it.each(TO_PARTICIPANT.map((message) => [message.kind, message] as const))(
    'CODEC-1: %s comes back as it was sent, to participants only',
    (_, message) => {
      const frame = encodeMessage(message);
      expect(decodeToParticipant(frame)).toEqual({ ok: true, value: message });
      expect(decodeToCoordinator(frame)).toMatchObject(malformed);
    },
  );

  it.each(TO_PEER.map((message) => [message.kind, message] as const))(
    'CODEC-1: %s comes back as it was sent, to peers only',
    (_, message) => {
      const frame = encodeMessage(message);
      expect(decodeToPeer(frame)).toEqual({ ok: true, value: message });
      expect(decodeToCoordinator(frame)).toMatchObject(malformed);
      expect(decodeToParticipant(frame)).toMatchObject(malformed);
      expect(frame.length).toBeLessThanOrEqual(MAX_PEER_FRAME_BYTES);
    },
  );

  it('OFFER-1: the terms of an offer come back as they were sent', () => {
    expect(decodeOffer(encodeOffer(OFFER))).toEqual({ ok: true, value: OFFER });
    expect(decodeOffer(Uint8Array.of(...encodeOffer(OFFER), 0))).toMatchObject(malformed);
  });

  it('CODEC-2: keys are sorted bytewise and integers and lengths are the shortest (a frame written by hand)', () => {
    const frame = encodeMessage({ kind: 'room', here: 2, needed: 300 });
    // a3, 64 "here" 02, 64 "kind" 64 "room", 66 "needed" 19 012c
    expect(bytesToHex(frame)).toBe(
      `a3 64 ${hex('here')} 02 64 ${hex('kind')} 64 ${hex('room')} 66 ${hex('needed')} 19 012c`.replaceAll(
        ' ',
        '',
      ),
    );
  });

  it('CODEC-1: floats of every width come back bit for bit', () => {
    fc.assert(
      fc.property(fc.double({ min: Number.MIN_VALUE, max: 100, noNaN: true }), (learningRate) => {
        const terms = { ...OFFER, training: { ...training, learningRate } };
        expect(decodeOffer(encodeOffer(terms))).toEqual({ ok: true, value: terms });
      }),
      { numRuns: 300, seed: 41 },
    );
  });

  it('CODEC-1: takes a frame that is a view within a larger buffer, and the message does not share its memory', () => {
    const frame = encodeMessage({ kind: 'accept', sid: id(2) });
    const buffer = Buffer.alloc(frame.length + 10);
    buffer.set(frame, 5);
    const decoded = decodeToCoordinator(buffer.subarray(5, 5 + frame.length));
    buffer.fill(0);
    expect(decoded).toEqual({ ok: true, value: { kind: 'accept', sid: id(2) } });
  });
});

const hex = (text: string) => bytesToHex(utf8ToBytes(text));
const accept = `a2 63 ${hex('sid')} 5820 ${'02'.repeat(32)} 64 ${hex('kind')} 66 ${hex('accept')}`;
const ready = (backend: string) => `a2 64 ${hex('kind')} 65 ${hex('ready')} 67 ${hex('backend')} ${backend}`;
const progress = (percent: string) =>
  `a3 63 ${hex('sid')} 5820 ${'02'.repeat(32)} 64 ${hex('kind')} 68 ${hex('progress')} 67 ${hex('percent')} ${percent}`;

describe('what is not the one encoding', () => {
  it('CODEC-2: the frames varied below are sound themselves', () => {
    for (const sound of [accept, ready(`64 ${hex('wasm')}`), progress('05')]) {
      expect(decodeToCoordinator(hexToBytes(sound.replaceAll(' ', ''))).ok).toBe(true);
    }
  });

  it.each([
    ['a trailing byte', `${accept}00`],
    ['a missing byte', accept.slice(0, -2)],
    [
      'keys out of order',
      `a2 64 ${hex('kind')} 66 ${hex('accept')} 63 ${hex('sid')} 5820 ${'02'.repeat(32)}`,
    ],
    ['a key twice', accept.replace('a2', 'a3') + ` 64 ${hex('kind')} 66 ${hex('accept')}`],
    ['a map of indefinite length', `${accept.replace('a2', 'bf')} ff`],
    ['a byte string of indefinite length', accept.replace('5820', '5f5820').replace(' 64', 'ff 64')],
    ['a length that is not the shortest', accept.replace('5820', '590020')],
    ['a map length that is not the shortest', accept.replace('a2', 'b802')],
    ['a text where bytes belong', accept.replace('5820', '7820')],
    ['an integer that is not the shortest', progress('1805')],
    ['a float where an integer belongs', progress('f94500')],
    ['negative zero', progress('f98000')],
    ['NaN', progress('f97e00')],
    ['infinity', progress('f97c00')],
    ['an integer above 2^53', progress('1b0020000000000000')],
    ['undefined', progress('f7')],
    ['a tag', progress('c105')],
    ['text that is not UTF-8', ready('64 77ff736d')],
    ['text with a byte order mark', ready(`67 efbbbf ${hex('wasm')}`)],
    ['a key that is no text', `${progress('05').replace('a3', 'a4')} 01 01`],
    ['the key __proto__', `${progress('05').replace('a3', 'a4')} 69 ${hex('__proto__')} 01`],
    ['nothing', ''],
    ['an array', '80'],
    ['deep nesting', '81'.repeat(200_000)],
    ['an array that claims 2^32 − 1 entries', '9affffffff'],
    ['a byte string that claims 2^53 bytes', '5b001fffffffffffff'],
  ])('CODEC-2: rejects %s', (_, text) => {
    expect(decodeToCoordinator(hexToBytes(text.replaceAll(' ', '')))).toMatchObject(malformed);
  });

  it('CODEC-2: rejects a float in more bits than it needs, in an offer', () => {
    const terms = { ...OFFER, quantization: { range: 0.5, bits: 16 } };
    const wide = encode(terms, { ...rfc8949EncodeOptions, float64: true });
    expect(decodeOffer(wide)).toMatchObject(malformed);
  });
});

describe('what no schema knows', () => {
  const frame = (value: unknown) => encode(value, rfc8949EncodeOptions);
  it.each([
    ['an unknown kind', { kind: 'reveal', sid: id(2) }],
    ['no kind', { sid: id(2) }],
    ['an unknown field', { kind: 'leave', update: id(2) }],
    ['a missing field', { kind: 'accept' }],
    ['a short sid', { kind: 'accept', sid: new Uint8Array(31) }],
    ['a percentage over 100', { kind: 'progress', sid: id(2), percent: 101 }],
    ['a negative count', { kind: 'progress', sid: id(2), percent: -1 }],
    ['a text over its limit', { kind: 'ready', backend: 'x'.repeat(41) }],
    ['an unknown reason', { kind: 'decline', sid: id(2), reason: 'because' }],
    ['an empty chunk', { kind: 'masked', sid: id(2), index: 0, chunks: 1, bytes: new Uint8Array(0) }],
    ['a mask key of small order', { kind: 'advertise', sid: id(2), maskKey: new Uint8Array(32) }],
  ])('CODEC-3: rejects %s', (_, value) => {
    expect(decodeToCoordinator(frame(value))).toMatchObject(malformed);
  });

  it('CODEC-3: the fault names the field and not what it held', () => {
    const refused = decodeToCoordinator(frame({ kind: 'progress', sid: id(2), percent: 31_415 }));
    expect(refused).toMatchObject({ ok: false, fault: { detail: expect.stringContaining('percent') } });
    expect(JSON.stringify(refused)).not.toContain('31415');
  });

  it('CODEC-3: a roster with a mask key of small order is no roster', () => {
    const advertises = [{ ...advertise, maskKey: id(0) }];
    const roster = { kind: 'roster', sid: id(2), list: new Uint8Array(128), advertises, signature };
    expect(decodeToParticipant(frame(roster))).toMatchObject(malformed);
  });
});

describe('hostile frames', () => {
  it('CODEC-4: a frame over the limit is refused before it is read', () => {
    const padded = concatBytes(encodeMessage({ kind: 'leave' }), new Uint8Array(MAX_FRAME_BYTES));
    expect(decodeToCoordinator(padded)).toMatchObject({ ok: false, fault: { code: 'oversized' } });
    expect(decodeToCoordinator(new Uint8Array(MAX_FRAME_BYTES))).toMatchObject(malformed);
  });

  it('CODEC-4: the largest messages of each direction fit the limit', () => {
    const chunk = new Uint8Array(UPLOAD_CHUNK_BYTES);
    const largest = encodeMessage({
      kind: 'masked',
      sid: id(2),
      index: 0xffffffff,
      chunks: 0xffffffff,
      hash: new Uint8Array(16),
      bytes: chunk,
    });
    expect(largest.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    const roster = encodeMessage({
      kind: 'roster',
      sid: id(2),
      list: new Uint8Array(64 * MAX_COHORT),
      advertises: Array.from({ length: MAX_COHORT }, () => advertise),
      signature,
    });
    expect(roster.length).toBeLessThanOrEqual(MAX_ROSTER_FRAME_BYTES);
  });

  it('CODEC-5: random bytes never throw, and what is accepted is the one encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const decoded of [decodeToCoordinator(bytes), decodeToParticipant(bytes), decodeToPeer(bytes)])
          if (decoded.ok) expect(encodeMessage(decoded.value)).toEqual(bytes);
      }),
      { numRuns: 10_000, seed: 20 },
    );
  });

  it('CODEC-5: mutated frames never throw, and what is accepted is the one encoding', () => {
    const small = [...TO_COORDINATOR, ...TO_PARTICIPANT, ...TO_PEER].filter(
      (message) => message.kind !== 'masked',
    );
    const mutation = fc.record({
      frame: fc.constantFrom(...small.map(encodeMessage)),
      edits: fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      cut: fc.nat(2000),
    });
    let accepted = 0;
    fc.assert(
      fc.property(mutation, ({ frame, edits, cut }) => {
        const mutated = frame.slice(0, cut > 1000 ? frame.length : Math.max(1, cut % frame.length));
        for (const [at, byte] of edits) mutated[at % mutated.length] = byte;
        for (const decoded of [
          decodeToCoordinator(mutated),
          decodeToParticipant(mutated),
          decodeToPeer(mutated),
        ])
          if (decoded.ok) {
            accepted++;
            expect(encodeMessage(decoded.value)).toEqual(mutated);
          }
      }),
      { numRuns: 15_000, seed: 21 },
    );
    // Changed digests and counts are still messages: the fuzz reaches behind the parser.
    expect(accepted).toBeGreaterThan(100);
  });

  it('CODEC-5: any CBOR value never throws', () => {
    fc.assert(
      fc.property(fc.anything({ withTypedArray: false, maxDepth: 4 }), (value) => {
        const frame = tryEncode(value);
        if (frame === null) return;
        expect(decodeToCoordinator(frame)).toMatchObject(malformed);
        expect(decodeToParticipant(frame)).toMatchObject(malformed);
      }),
      { numRuns: 500, seed: 22 },
    );
  });
});

/** Null for what CBOR has no encoding for. */
function tryEncode(value: unknown): Uint8Array | null {
  try {
    return encode(value);
  } catch {
    return null;
  }
}
