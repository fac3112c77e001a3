/**
 * All that one participant computes in a round but training: its keys and their signature, the roster and its
 * neighbours' signatures, shares dealt, sealed and opened, links signed and verified, masks, packing, chunk hashes,
 * the coordinator's and the holders' signatures, shares revealed; frames encoded and decoded. In its order, on the
 * product's own parts.
 */
import { hexToBytes } from '#shared/base/bytes.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import { packLanes } from '#shared/numeric/pack.ts';
import { PeerExchange } from '#shared/participant/peer-exchange.ts';
import { NO_LINKS } from '#shared/participant/no-links.ts';
import { RosterCheck } from '#shared/participant/roster-check.ts';
import { RoundInbox } from '#shared/participant/round-inbox.ts';
import { sendMasked } from '#shared/participant/upload.ts';
import { bitsetOf } from '#shared/protocol/bitset.ts';
import { decodeToParticipant, encodeMessage } from '#shared/protocol/codec.ts';
import type { Advertise, ToCoordinator, ToParticipantOf } from '#shared/protocol/messages/directions.ts';
import { advertiseBody, advertiseDigest, confirmBody } from '#shared/protocol/transcript.ts';
import { vectorBits } from '#shared/round/vector.ts';
import type { ClientEvent } from '#shared/round/client/types.ts';
import { RoundSecrets } from '#shared/round/secrets.ts';
import type { Cohort } from './cohort.ts';
import type { Requests } from './requests.ts';

/** Bytes of frames that left it in one round. */
export interface SentBytes {
  /** The masked vector, in chunks. */
  readonly upload: number;
  /** All else to the coordinator. */
  readonly control: number;
  readonly toPeers: number;
}

/** As in the product: a turn of the event loop. */
const pause = (ms = 0) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Masks `words` (ring words, [d + 1]) in place; throws where the round does not go as it should. */
export async function playRound(
  cohort: Cohort,
  requests: Requests,
  suite: CryptoSuite,
  words: Uint32Array,
): Promise<SentBytes> {
  const { sid, offer, signer } = cohort;
  const client = new MeasuredClient(cohort, suite);
  const secrets = new RoundSecrets(sid, suite, cohort.secretsOfSelf());
  const advertise = await client.advertise(secrets);
  const check = await client.check();
  const { seat } = check;
  await client.exchange(secrets, check, advertise);
  const sidBytes = hexToBytes(sid);
  const asked = await client.eventOf('mask-request', requests.maskRequest);
  const masked = await secrets.mask(
    words,
    asked.u2.members.filter((member) => seat.neighbours.includes(member)),
    pause,
  );
  invariant(masked.ok, 'masks are agreed with everybody');
  const bits = vectorBits(offer);
  const packed = packLanes(words, bits);
  client.send({ kind: 'masked-ready', sid: sidBytes });
  await sendMasked(
    { sid: sidBytes, packed, laneBits: bits, nextChunk: 0 },
    { send: (message) => client.send(message), bufferedBytes: () => 0, pause, isWanted: () => true },
  );
  secrets.eraseMasking();
  await client.eventOf('unmask-request', requests.unmaskRequest);
  const body = confirmBody(sid, hexToBytes(seat.root), requests.u2, requests.u3);
  client.send({ kind: 'confirm', sid: sidBytes, signature: await signer.sign('confirm', body) });
  const { valid } = await client.eventOf('confirmations', requests.confirmations);
  invariant(valid.length + 1 >= seat.threshold, 'enough holders have confirmed');
  const holds = (of: number) => (of === seat.self ? seat.holders.includes(of) : seat.neighbours.includes(of));
  const shares = secrets.reveal(requests.survivors.filter(holds), requests.dropped.filter(holds));
  client.send({ kind: 'reveal', sid: sidBytes, shares: [...shares] });
  secrets.erase();
  return client.sent;
}

class MeasuredClient {
  readonly #cohort: Cohort;
  readonly #suite: CryptoSuite;
  readonly #inbox: RoundInbox;
  #taken: (event: ClientEvent) => void = () => {};
  #upload = 0;
  #control = 0;
  #toPeers = 0;

  constructor(cohort: Cohort, suite: CryptoSuite) {
    this.#cohort = cohort;
    this.#suite = suite;
    const { sid, coordinator } = cohort;
    this.#inbox = new RoundInbox({ sid, coordinatorKey: coordinator.publicKey, suite }, (event) =>
      this.#taken(event),
    );
  }

  get sent(): SentBytes {
    return { upload: this.#upload, control: this.#control, toPeers: this.#toPeers };
  }

  send(message: ToCoordinator): void {
    const { length } = encodeMessage(message);
    if (message.kind === 'masked') this.#upload += length;
    else this.#control += length;
  }

  async advertise(secrets: RoundSecrets): Promise<Advertise> {
    const { self, signer, chain, link } = this.#cohort;
    const unsigned = { ...secrets.advertise(self, chain, hexToBytes(link)), signature: new Uint8Array(64) };
    const advertise = {
      ...unsigned,
      signature: await signer.sign('advertise', advertiseBody(unsigned)),
    };
    advertiseDigest(advertise);
    this.send(advertise);
    return advertise;
  }

  async check(): Promise<RosterCheck> {
    const { self, offer, inspect, roster } = this.#cohort;
    const { root, entries } = await this.eventOf('roster', roster);
    const terms = { self, offer, root, entries, advertises: this.#inbox.advertises };
    const checked = await RosterCheck.of(terms, this.#suite, inspect);
    invariant(checked.ok, 'the roster holds');
    this.#inbox.seat(root, entries.length, checked.value);
    return checked.value;
  }

  /** Deals, sends, and keeps everybody's box; all links are open from the start. */
  async exchange(
    secrets: RoundSecrets,
    { seat, advertises }: RosterCheck,
    advertise: Advertise,
  ): Promise<void> {
    const { sid, signer, neighbours } = this.#cohort;
    const dealt = await secrets.deal(seat, advertises);
    invariant(dealt.ok, 'secrets are agreed with everybody');
    const sidBytes = hexToBytes(sid);
    const kept: number[] = [];
    const keep = (from: number, sealed: Uint8Array) => {
      if (secrets.keep(from, sealed)) kept.push(from);
    };
    const direct = neighbours.filter(({ link }) => link !== null);
    const over = Promise.withResolvers<void>();
    const exchange = new PeerExchange(
      { sid, seat, advertise, advertises, boxes: dealt.value },
      {
        links: { ...NO_LINKS, send: () => true },
        clock: { nowMs: () => 0, after: () => () => {} },
        suite: this.#suite,
        signer,
        relay: (shares) => this.send({ kind: 'shares', sid: sidBytes, shares: [...shares] }),
        box: (from, sealed) => {
          keep(from, sealed);
          if (kept.length === direct.length) over.resolve();
        },
        sent: (_, bytes) => {
          this.#toPeers += bytes;
        },
        changed: () => {},
      },
    );
    exchange.start(new Set(direct.flatMap(({ link }) => link ?? [])));
    for (const { link, frames } of direct)
      for (const frame of frames) if (link !== null) exchange.receive(link, frame);
    if (direct.length > 0) await over.promise;
    for (const { link, frames } of neighbours)
      for (const frame of link === null ? frames : [])
        for (const { from, sealed } of decoded('relayed', frame).shares) keep(from, sealed);
    invariant(kept.length === seat.neighbours.length, 'every box opens');
    const held = bitsetOf(seat.holders.includes(seat.self) ? [...kept, seat.self] : kept, seat.size);
    this.send({ kind: 'shared', sid: sidBytes, held, direct: bitsetOf(exchange.direct, seat.size) });
    exchange.stop();
  }

  /** The machine's event that a signed frame of the coordinator makes. */
  async eventOf<Kind extends 'roster' | 'mask-request' | 'unmask-request' | 'confirmations'>(
    kind: Kind,
    frame: Uint8Array,
  ): Promise<Extract<ClientEvent, { kind: Kind }>> {
    const event = new Promise<ClientEvent>((resolve) => (this.#taken = resolve));
    this.#inbox.receive(decoded(kind, frame));
    const taken = await event;
    invariant(isOfKind(taken, kind), 'a signed frame is taken for what it is');
    return taken;
  }
}

function decoded<Kind extends 'roster' | 'relayed' | 'mask-request' | 'unmask-request' | 'confirmations'>(
  kind: Kind,
  frame: Uint8Array,
): ToParticipantOf<Kind> {
  const message = decodeToParticipant(frame);
  invariant(message.ok && message.value.kind === kind, 'frames of the bench are frames of the protocol');
  return message.value as ToParticipantOf<Kind>;
}

function isOfKind<Kind extends ClientEvent['kind']>(
  event: ClientEvent,
  kind: Kind,
): event is Extract<ClientEvent, { kind: Kind }> {
  return event.kind === kind;
}
