/** Who is here for a run: how they come, what they have agreed to, and what they are told while they wait. */
import { bytesToHex } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import type { ParticipantView } from '#shared/protocol/api.ts';
import type { VerifiedChain } from '#shared/protocol/invitation.ts';
import { MAX_COHORT } from '#shared/protocol/limits.ts';
import type { ToCoordinatorOf } from '#shared/protocol/messages/directions.ts';
import type { Admission } from './admission.ts';
import { Participants, type Connection, type Participant } from './participants.ts';
import type { RunJournal } from './run-journal.ts';

type Standing = Parameters<Participants['views']>[0];

export interface PresencePorts {
  readonly journal: RunJournal;
  readonly admission: Admission;
  /** What one does in the attempt under way, null where nothing. */
  readonly standing: Standing;
  /** Ready participants with which the next attempt begins. */
  needed(): number;
}

export class Presence {
  readonly #ports: PresencePorts;
  readonly #participants: Participants;

  constructor(ports: PresencePorts) {
    this.#ports = ports;
    this.#participants = new Participants(ports.journal.record.settings.clients);
  }

  get participants(): Participants {
    return this.#participants;
  }

  has(id: ParticipantId): boolean {
    return this.#participants.get(id) !== undefined;
  }

  /** INVITE-3: a personal invitation is one participant's. */
  isTaken({ kind, inviteKey }: VerifiedChain, id: ParticipantId): boolean {
    return (
      kind === 'personal' &&
      this.#participants.all().some((other) => other.inviteKey === bytesToHex(inviteKey) && other.id !== id)
    );
  }

  /** Whether there is no place for this participant. */
  isFull(id: ParticipantId): boolean {
    return this.#participants.size >= MAX_COHORT && !this.has(id);
  }

  /** Whether this participant has a connection that was opened after that one. */
  isNewer(id: ParticipantId, serial: number): boolean {
    return (this.#participants.get(id)?.connection.serial ?? 0) > serial;
  }

  /**
   * Where there is a place. One that is connected already is replaced: it has come back before its old connection was
   * missed.
   */
  admit(
    id: ParticipantId,
    { inviteKey }: VerifiedChain,
    connection: Connection,
    shard: ToCoordinatorOf<'hello'>['shard'],
  ): Participant {
    const { journal, admission } = this.#ports;
    const before = this.#participants.get(id);
    this.#participants.remove(id);
    before?.connection.refuse('replaced', 'This participant has connected again.');
    const participant = this.#participants.join(id, bytesToHex(inviteKey), connection, shard);
    admission.joined(id);
    // It stays for an extension, and needs no data before.
    if (journal.isOver) connection.send(journal.finishedMessage());
    else this.#welcome(participant);
    return participant;
  }

  #welcome({ shard, connection }: Participant): void {
    const { task, settings } = this.#ports.journal.record;
    connection.send({
      kind: 'welcome',
      task,
      shard: { index: shard, of: settings.clients },
      rounds: settings.rounds,
      minCohort: settings.minCohort,
      onePerProfile: settings.onePerProfile,
    });
  }

  remove({ id }: Participant): void {
    this.#participants.remove(id);
    this.#ports.admission.left(id);
  }

  /** EXTEND-2: everybody is asked; those who had stayed after the end are seated again first. */
  askAll(wasOver: boolean): void {
    const { current } = this.#ports.admission;
    for (const participant of this.#participants.all()) {
      if (wasOver) this.#welcome(participant);
      participant.connection.send({ kind: 'extended', terms: current });
    }
  }

  /**
   * EXTEND-2: what one has agreed to comes after each welcome, and again as its answer. Whether it has agreed to the
   * newest extension by that.
   */
  agreed({ id, connection }: Participant, { terms, isAnswer }: ToCoordinatorOf<'agreed'>): boolean {
    const { admission } = this.#ports;
    const had = admission.hasAgreed(id);
    admission.agreed(id, terms);
    if (admission.hasAgreed(id)) return !had;
    if (isAnswer) admission.keeps(id);
    else connection.send({ kind: 'extended', terms: admission.current });
    return false;
  }

  /** Tells those who wait how many are here. */
  tellRoom(): void {
    const { journal, needed, standing } = this.#ports;
    if (journal.isOver) return;
    const room = { kind: 'room', here: this.here, needed: needed() } as const;
    for (const { id, connection } of this.#participants.ready())
      if (standing(id) === null) connection.send(room);
  }

  /** Who could take part in the next round, by what they have agreed to. */
  get here(): number {
    const { journal, admission } = this.#ports;
    const ready = this.#participants.ready();
    return journal.isOver ? ready.length : admission.willing(journal.completed + 1, ready).length;
  }

  views(): ParticipantView[] {
    return this.#participants.views(this.#ports.standing);
  }

  /** That the run is over. */
  tellEnd(): void {
    for (const { connection } of this.#participants.all())
      connection.send(this.#ports.journal.finishedMessage());
  }
}
