/** What the machine's sending effects are as signed messages, and to whom. */
import { hexToBytes } from '../base/bytes.ts';
import type { ParticipantId, Sid } from '../base/ids.ts';
import { unreachable } from '../base/invariant.ts';
import type { Signer } from '../crypto/identity.ts';
import { bitsetOf } from '../protocol/bitset.ts';
import type { ToParticipant } from '../protocol/messages/directions.ts';
import { outcomeBody, rosterBody, rosterList, u2Body, u3Body } from '../protocol/transcript.ts';
import type { CoordinatorEffect } from '../round/coordinator/types.ts';
import type { RoundMessages } from '../round/round-messages.ts';
import type { Outcome } from './store.ts';

export type SendingEffect = Extract<CoordinatorEffect, { kind: `send-${string}` }>;

export const isSending = (effect: CoordinatorEffect): effect is SendingEffect =>
  effect.kind.startsWith('send-');

interface Letter {
  readonly to: ParticipantId;
  readonly message: ToParticipant;
}

const toAll = (to: readonly ParticipantId[], message: ToParticipant): Letter[] =>
  to.map((id) => ({ to: id, message }));

export async function lettersOf(
  effect: SendingEffect,
  id: Sid,
  messages: RoundMessages,
  signer: Signer,
): Promise<readonly Letter[]> {
  const sid = hexToBytes(id);
  switch (effect.kind) {
    case 'send-roster': {
      messages.seat(effect.cohort);
      const list = rosterList(effect.cohort.roster);
      const signature = await signer.sign('roster', rosterBody(id, messages.root));
      return effect.to.map((to) => {
        const advertises = messages.neighbours(to);
        return { to, message: { kind: 'roster', sid, list, advertises, signature } };
      });
    }
    case 'send-relayed': {
      const shares = [...messages.relayedTo(effect.to)];
      return shares.length === 0 ? [] : toAll([effect.to], { kind: 'relayed', sid, shares });
    }
    case 'send-peers-gone': {
      const gone = bitsetOf(effect.gone, messages.cohort.roster.length);
      return toAll(effect.to, { kind: 'peers-gone', sid, gone });
    }
    case 'send-mask-request': {
      const { u2 } = messages.sets(effect.u2);
      const signature = await signer.sign('u2', u2Body(id, messages.root, u2));
      return toAll(effect.to, { kind: 'mask-request', sid, u2, signature });
    }
    case 'send-unmask-request': {
      const { u2, u3 } = messages.sets(effect.u2, effect.u3);
      const signature = await signer.sign('u3', u3Body(id, messages.root, u2, u3));
      return toAll(effect.to, { kind: 'unmask-request', sid, u3, signature });
    }
    case 'send-confirmations':
      return effect.to.flatMap((to) => {
        const signatures = messages.confirmationsFor(to, effect.confirmed);
        return signatures.length === 0 ? [] : toAll([to], { kind: 'confirmations', sid, signatures });
      });
    case 'send-result':
      return toAll(effect.to, await outcomeMessage(id, { ...effect, state: 'done' }, signer));
    case 'send-abort':
      return toAll(effect.to, await outcomeMessage(id, { ...effect, state: 'aborted' }, signer));
    case 'send-dismissed':
      return toAll(effect.to, { kind: 'dismissed', sid, detail: effect.detail });
    case 'send-fault':
      return toAll([effect.to], { kind: 'fault', ...effect.fault, closing: false });
    default:
      return unreachable(effect);
  }
}

/** The signed outcome of a sid. */
export async function outcomeMessage(
  sid: Sid,
  outcome: Outcome,
  signer: Signer,
): Promise<Extract<ToParticipant, { kind: 'result' | 'abort' }>> {
  if (outcome.state === 'aborted') {
    const detail = 'The attempt ended.';
    const unsigned = { kind: 'abort' as const, sid: hexToBytes(sid), code: outcome.code, detail };
    return { ...unsigned, signature: await signer.sign('outcome', outcomeBody(unsigned)) };
  }
  const unsigned = {
    kind: 'result' as const,
    sid: hexToBytes(sid),
    sumHash: hexToBytes(outcome.sumHash),
    modelHash: hexToBytes(outcome.modelHash),
    survivors: outcome.survivors,
  };
  return { ...unsigned, signature: await signer.sign('outcome', outcomeBody(unsigned)) };
}
