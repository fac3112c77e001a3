/** Sessions and the coordinator's machine, codec and cryptography included, over connections in memory. */
import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { randomInteger, seededRandom } from '../base/random.ts';
import { ok } from '../base/result.ts';
import { quantizeUpdate } from '../numeric/quantize.ts';
import { decodeToCoordinator, encodeMessage } from '../protocol/codec.ts';
import { quantizationTerms } from '../round/client/policy.ts';
import { Observations } from '../round/simulation/observations.ts';
import { SimulatedCoordinator, type SimulatedPeer } from '../round/simulation/simulated-coordinator.ts';
import { modelHashOf } from '../tasks/parameters.ts';
import type { SocketHandlers } from './ports.ts';
import { ParticipantSession } from './session.ts';
import { modelBytesOf, offerOf, settle, TestClock, tinyTask, welcomeTo } from './testing.ts';

/** A session and its connection; the coordinator of these tests is a queue away. */
class Seat implements SimulatedPeer {
  readonly inbox: Uint8Array[] = [];
  readonly outbox: (Uint8Array | 'gone')[] = [];
  readonly session: ParticipantSession;
  readonly masked: Uint8Array[] = [];
  connected = false;
  ready = false;
  trains = true;
  #handlers: SocketHandlers | null = null;
  #hello: (() => void) | null = null;

  constructor(
    index: number,
    clock: TestClock,
    trained: (id: ParticipantId, delta: Float32Array, examples: number) => void,
  ) {
    const random = seededRandom(`seat ${index}`);
    this.session = new ParticipantSession(
      {
        socket: { open: (handlers) => this.#open(handlers, index) },
        data: {
          load: async () => ok({ count: 3, inputs: new Float32Array(6), labels: new Uint8Array(3) }),
          deleteAll: async () => {},
        },
        model: { fetch: async () => ok(modelBytesOf(tinyTask)) },
        trainer: {
          start: async () => ok('test backend'),
          train: async ({ parameters }) => {
            if (!this.trains) return new Promise(() => {});
            const delta = parameters.map(() => randomInteger(random, 1_000) / 1_000 - 0.5);
            trained(this.id, delta, 1 + index);
            return ok({ delta, examples: 1 + index, loss: 1 });
          },
        },
        clock,
        random,
      },
      { run: offerOf().run as never, invitation: 'A'.repeat(22) },
      () => {},
    );
  }

  get id(): ParticipantId {
    return this.session.view().participant;
  }

  #open(handlers: SocketHandlers, index: number) {
    this.#handlers = handlers;
    this.connected = true;
    this.#hello = () => handlers.onOpen();
    return {
      send: (frame: Uint8Array) => this.#take(frame, index),
      bufferedBytes: () => 0,
      close: () => {},
    };
  }

  #take(frame: Uint8Array, index: number): void {
    const decoded = decodeToCoordinator(frame);
    invariant(decoded.ok, 'a participant sends messages');
    const { value: message } = decoded;
    if (message.kind === 'hello') this.inbox.push(encodeMessage(welcomeTo(tinyTask, index)));
    else if (message.kind === 'ready') this.ready = true;
    else this.outbox.push(frame);
    if (message.kind === 'masked') this.masked.push(message.bytes);
  }

  /** The connection breaks; of what was sent only the first `arriving` frames arrive. */
  lose(arriving: number): void {
    this.connected = false;
    this.ready = false;
    this.inbox.length = 0;
    this.outbox.length = Math.min(arriving, this.outbox.length);
    this.outbox.push('gone');
    this.#handlers?.onClose();
  }

  /** True where something moved. */
  deliver(): boolean {
    const [hello, frame] = [this.#hello, this.inbox.shift()];
    this.#hello = null;
    hello?.();
    if (frame !== undefined) this.#handlers?.onFrame(frame);
    return hello !== null || frame !== undefined;
  }
}

class Room {
  readonly clock = new TestClock();
  readonly observations = new Observations();
  readonly coordinator: SimulatedCoordinator;
  readonly seats: readonly Seat[];
  #round = 0;

  constructor(count: number) {
    // The key that the sessions are welcomed with.
    const key = welcomeTo(tinyTask).coordinatorKey;
    this.coordinator = new SimulatedCoordinator(key, seededRandom('room'), this.observations, null);
    this.seats = Array.from({ length: count }, (_, index) => new Seat(index, this.clock, this.#trained));
    for (const seat of this.seats) seat.session.join();
  }

  /** What the plain sum of this attempt is made of. */
  readonly #trained = (id: ParticipantId, delta: Float32Array, examples: number): void => {
    invariant(this.coordinator.state !== null, 'training is for an attempt');
    const { sid, invited } = this.coordinator.state.plan;
    const terms = quantizationTerms(offerOf({ invited: invited.length }));
    const words = quantizeUpdate(delta, examples, terms);
    invariant(words.ok, 'the update is finite');
    this.observations.trained(sid, id, words.value);
  };

  seat(index: number): Seat {
    const seat = this.seats[index];
    invariant(seat, 'there is such a seat');
    return seat;
  }

  /** Until nothing moves any more without time; `until` looks after each move and may end it. */
  async play(until: () => boolean = () => false): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      await this.clock.pass(0);
      if (until()) return;
      quiet = this.#move() ? 0 : quiet + 1;
      await settle();
    }
  }

  /** Delivers one frame of each connection and direction. */
  #move(): boolean {
    let moved = false;
    for (const seat of this.seats) {
      if (seat.deliver()) moved = true;
      if (seat.outbox.length > 0) {
        moved = true;
        if (this.coordinator.state === null) seat.outbox.shift();
        else this.coordinator.receive(seat);
      }
    }
    if (this.coordinator.openingWork) {
      this.coordinator.open();
      moved = true;
    }
    return moved;
  }

  /** The next round, or the same again after an abort. */
  offer(attempt = 1): void {
    if (attempt === 1) this.#round++;
    this.coordinator.modelHash = modelHashOf(modelBytesOf(tinyTask));
    const ready = this.seats.filter((seat) => seat.ready);
    this.coordinator.offer(offerOf({ round: this.#round, attempt }), ready);
  }

  outcomes(index: number) {
    return this.seat(index)
      .session.view()
      .rounds.map(({ round, attempt, outcome, code }) => [round, attempt, outcome, code]);
  }
}

describe('whole rounds', () => {
  it('MASK-4: three participants make three models, each of the plain sum of what they trained', async () => {
    const room = new Room(3);
    await room.play();
    for (let round = 1; round <= 3; round++) {
      room.offer();
      await room.play();
      expect(room.coordinator.state?.kind).toBe('done');
    }
    expect(room.observations.violations).toEqual([]);
    expect(room.observations.opened.size).toBe(3);
    for (const index of [0, 1, 2])
      expect(room.outcomes(index)).toEqual([1, 2, 3].map((round) => [round, 1, 'done', null]));
    const uploads = room.seats.flatMap((seat) => seat.masked.map((bytes) => bytes.join(' ')));
    expect(new Set(uploads).size).toBe(9);
  });

  it('ABORT-2: one lost before its upload costs everyone the attempt; the next goes on without it', async () => {
    const room = new Room(4);
    await room.play();
    room.offer();
    await room.play(() => room.coordinator.state?.kind === 'masking');
    expect(room.coordinator.state?.kind).toBe('masking');
    room.seat(3).lose(0);
    await room.play();
    expect(room.coordinator.state).toMatchObject({ kind: 'aborted', code: 'upload-missing' });
    room.offer(2);
    await room.play();
    expect(room.coordinator.state?.kind).toBe('done');
    expect(room.observations.violations).toEqual([]);
    for (const index of [0, 1, 2])
      expect(room.outcomes(index)).toEqual([
        [1, 1, 'aborted', 'upload-missing'],
        [1, 2, 'done', null],
      ]);
    expect(room.outcomes(3)).toEqual([[1, 1, 'left', 'socket-lost']]);
  });

  it('TRAIN-4: one lost while it trains costs nothing', async () => {
    const room = new Room(4);
    await room.play();
    room.seat(2).trains = false;
    room.offer();
    await room.play();
    expect(room.coordinator.state?.kind).toBe('training');
    room.seat(2).lose(0);
    await room.play();
    expect(room.coordinator.state).toMatchObject({ kind: 'done' });
    expect(room.outcomes(0)).toEqual([[1, 1, 'done', null]]);
    expect(room.observations.violations).toEqual([]);
  });

  it('JOIN-5: one that comes back takes part in the next round', async () => {
    const room = new Room(4);
    await room.play();
    room.offer();
    await room.play(() => room.coordinator.state?.kind === 'training');
    room.seat(1).lose(0);
    await room.play();
    expect(room.coordinator.state?.kind).toBe('done');
    await room.clock.pass(500);
    await room.play();
    expect(room.seat(1).ready).toBe(true);
    room.offer();
    await room.play();
    expect(room.coordinator.state).toMatchObject({ kind: 'done' });
    expect(room.outcomes(1)).toEqual([
      [1, 1, 'left', 'socket-lost'],
      [2, 1, 'done', null],
    ]);
    expect(room.observations.violations).toEqual([]);
  });

  it('RUN-2: three of which one leaves while it trains open nothing', async () => {
    const room = new Room(3);
    await room.play();
    room.seat(0).trains = false;
    room.offer();
    await room.play();
    room.seat(0).session.leave();
    room.seat(0).lose(1);
    await room.play();
    expect(room.coordinator.state).toMatchObject({ kind: 'aborted', code: 'too-few-trained' });
    expect(room.observations.opened.size).toBe(0);
    expect(room.outcomes(1)).toEqual([[1, 1, 'aborted', 'too-few-trained']]);
  });
});
