/** This tab's part in a run, as its worker reports it. */
import type { ModelHash, RunId } from '#shared/base/ids.ts';
import type { BackendChoice, BackendWish } from '#shared/participant/backend-choice.ts';
import type { Consent, ParticipantView } from '#shared/participant/view.ts';
import type { OwnScore } from '../participant/channel.ts';
import type { RunTerms } from '#shared/tasks/terms.ts';
import { forgetTerms, rememberTerms } from '../participant/agreed-terms.ts';
import { ParticipantClient } from '../participant/client.ts';

export class Participation {
  /** Null before the person takes part. */
  view = $state.raw<ParticipantView | null>(null);
  dataDeleted = $state(false);
  /** Why the worker is of no use, as a sentence. */
  broken = $state<string | null>(null);
  /** What trains and why, and what this browser asks for. */
  backend = $state.raw<{ readonly choice: BackendChoice; readonly wish: BackendWish } | null>(null);
  dutyPercent = $state(100);
  /** Null before the person asks for it. */
  ownScore = $state.raw<OwnScore | null>(null);
  #client: ParticipantClient | null = null;
  #run: RunId | null = null;
  #kept: RunTerms | null = null;

  /** What was agreed to is kept through a reload. */
  #take(view: ParticipantView): void {
    const { agreed } = view.agreement;
    const isIn = !['left', 'failed'].includes(view.status.kind);
    if (this.#run !== null && agreed !== null && isIn && agreed !== this.#kept)
      rememberTerms(sessionStorage, this.#run, agreed);
    this.#kept = agreed;
    this.view = view;
  }

  #started(): ParticipantClient {
    this.#client ??= new ParticipantClient({
      view: (view) => this.#take(view),
      dataDeleted: () => (this.dataDeleted = true),
      backend: (choice, wish) => (this.backend = { choice, wish }),
      ownScore: (score) => (this.ownScore = score),
      broken: (detail) => (this.broken = detail),
    });
    return this.#client;
  }

  join(run: RunId, invitation: string, consent: Consent): void {
    this.dataDeleted = false;
    this.#run = run;
    this.#started().send({ kind: 'join', run, invitation, consent });
  }

  setPaused(paused: boolean): void {
    this.#started().send({ kind: 'set-paused', paused });
  }

  setDuty(dutyPercent: number): void {
    this.dutyPercent = dutyPercent;
    this.#started().send({ kind: 'set-duty', dutyPercent });
  }

  setBackend(wish: BackendWish): void {
    this.#started().send({ kind: 'set-backend', wish });
  }

  scoreOwnData(model: ModelHash): void {
    this.#started().send({ kind: 'score-own-data', model });
  }

  cancelScore(): void {
    this.#started().send({ kind: 'cancel-score' });
  }

  /** To the terms that the person has just been shown. */
  answerExtension(terms: RunTerms, agrees: boolean): void {
    this.#started().send({ kind: 'answer-extension', terms, agrees });
  }

  /** Whoever comes back is asked anew. */
  leave(): void {
    if (this.#run !== null) forgetTerms(sessionStorage, this.#run);
    this.#started().send({ kind: 'leave' });
  }

  deleteData(): void {
    if (this.#run !== null) forgetTerms(sessionStorage, this.#run);
    this.#started().send({ kind: 'delete-data' });
  }

  dispose(): void {
    this.#client?.dispose();
    this.#client = null;
  }
}
