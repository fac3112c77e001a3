/** A real session that meets a hostile coordinator: with data, a model and a trainer in memory. */
import { bytesToHex } from '#shared/base/bytes.ts';
import { isParticipantId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import { ok } from '#shared/base/result.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import type { ParticipantPorts } from '#shared/participant/ports.ts';
import { ParticipantSession } from '#shared/participant/session.ts';
import type { Consent, ParticipantView, RoundOutcome } from '#shared/participant/view.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { bytesOfParameters } from '#shared/tasks/parameters.ts';
import { nodePorts } from '../simulate/node-ports.ts';
import { HOSTILE_RUN, type Correspondent, type HostileCoordinator } from './hostile-coordinator.ts';
import { tinyTask } from './tiny-coordinator.ts';

export const PARAMETERS = parameterCount(tinyTask.model);
export const MODEL = bytesOfParameters(new Float32Array(PARAMETERS));

/** A session and what the coordinator knows of it. */
export class HostileTab {
  readonly session: ParticipantSession;
  readonly person: Correspondent;
  readonly ports: ParticipantPorts;
  readonly invitation: string;
  readonly #changes: Set<() => void>;

  private constructor(
    session: ParticipantSession,
    person: Correspondent,
    ports: ParticipantPorts,
    invitation: string,
    changes: Set<() => void>,
  ) {
    this.session = session;
    this.person = person;
    this.ports = ports;
    this.invitation = invitation;
    this.#changes = changes;
  }

  /** Data and model in memory, a trainer that is done at once, and all else as a Node participant has it. */
  static async join(
    coordinator: HostileCoordinator,
    invitation: string,
    ports: Partial<ParticipantPorts> = {},
    timesReady = 1,
    consent?: Consent,
  ): Promise<HostileTab> {
    const signer = nobleSigner(systemRandom(32));
    const all: ParticipantPorts = {
      ...nodePorts({ origin: coordinator.origin, run: HOSTILE_RUN, invitation }),
      identity: { open: async () => ({ signer, slot: null }) },
      data: {
        load: async () => ok({ count: 1, inputs: new Float32Array(4), labels: new Uint8Array(1) }),
        deleteAll: async () => {},
      },
      model: { fetch: async () => ok(MODEL) },
      trainer: {
        start: async () => ok('at once'),
        train: async ({ parameters }) => {
          const delta = new Float32Array(parameters.length).fill(0.25);
          return ok({ delta, examples: 3, loss: 0.5 });
        },
      },
      ...ports,
    };
    const changes = new Set<() => void>();
    const session = new ParticipantSession(
      all,
      { run: HOSTILE_RUN, invitation, ...(consent && { consent }) },
      () => {
        for (const look of changes) look();
      },
    );
    coordinator.sees(session);
    session.join();
    const { signer: own } = await all.identity.open(HOSTILE_RUN);
    const id = bytesToHex(own.publicKey);
    invariant(isParticipantId(id), 'an Ed25519 key is an id');
    return new HostileTab(session, await coordinator.ready(id, timesReady), all, invitation, changes);
  }

  get view(): ParticipantView {
    return this.session.view();
  }

  /** How its newest of so many rounds ended. */
  async outcome(rounds = 1): Promise<RoundOutcome> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (this.view.rounds.length < rounds) return;
        this.#changes.delete(look);
        resolve();
      };
      this.#changes.add(look);
      look();
    });
    const outcome = this.view.rounds[rounds - 1];
    invariant(outcome, 'it has ended');
    return outcome;
  }
}
