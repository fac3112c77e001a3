/** An attempt at a round of a run: offered to those who were admitted, and tied to journal, ledger and connections. */
import { hexToBytes } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import type { Admitted } from './admission.ts';
import { composeOffering } from './offering.ts';
import type { Participant } from './participants.ts';
import type { Presence } from './presence.ts';
import { RoundDriver, type RoundPorts } from './round-driver.ts';
import type { RunInvitations } from './run-invitations.ts';
import type { RunJournal } from './run-journal.ts';
import type { RunPrivacy } from './run-privacy.ts';

export interface AttemptOfRun extends Pick<RoundPorts, 'changed' | 'ended' | 'failed'> {
  readonly journal: RunJournal;
  readonly privacy: RunPrivacy;
  readonly presence: Presence;
  readonly invitations: RunInvitations;
  readonly ports: { readonly suite: CryptoSuite; readonly signer: Signer; readonly graceMs: number };
  /** It broke a rule: it is put out for good. */
  expel(id: ParticipantId): void;
}

/** Signs the offer of the next attempt at a round (1-based); what it gives begins it. */
export async function prepareAttempt(
  round: number,
  { invited, terms }: Admitted<Participant>,
  { journal, privacy, presence, invitations, ports, ...told }: AttemptOfRun,
): Promise<() => RoundDriver> {
  const attempt = 1 + journal.rounds.filter((ended) => ended.round === round).length;
  const noise = privacy.offeredAfter(journal.rounds);
  const given = {
    invited: invited.map(({ id }) => id),
    privacy: noise === null || terms.caps === null ? null : { ...noise, caps: terms.caps },
  };
  const which = { round, attempt };
  const { offer, plan, message } = await composeOffering(journal.record, which, given, ports.signer);
  return () => {
    for (const participant of invited) participant.progressPercent = 0;
    const driver = new RoundDriver(plan, offer, journal.parameters, {
      ...ports,
      ...told,
      invited: (chain, id) => invitations.inspect(chain, hexToBytes(id)).ok,
      begin: async () => {
        await journal.openRound(plan);
        for (const participant of invited) participant.connection.send(message);
      },
      send: (to, sent) => presence.participants.get(to)?.connection.send(sent),
      unmasking: async (survivors) => {
        await privacy.commit(plan.sid, survivors);
        await journal.unmasking(plan, survivors.length);
      },
      epsilon: () => privacy.view().spentEpsilon,
      commit: (view, model) => journal.commitRound(view, model),
      abort: (view, detail) => journal.abortRound(view, detail),
    });
    // Whoever left while the offer was signed.
    for (const { id } of invited) if (!presence.has(id)) driver.disconnected(id);
    return driver;
  };
}
