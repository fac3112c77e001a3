/** What the coordinator's sending effects are as messages, signed where they have to be, and to whom. */
import { hexToBytes } from '../../base/bytes.ts';
import type { ParticipantId, Sid } from '../../base/ids.ts';
import { unreachable } from '../../base/invariant.ts';
import type { Signer } from '../../crypto/identity.ts';
import { bitsetOf } from '../../protocol/bitset.ts';
import type { ToParticipant } from '../../protocol/messages/directions.ts';
import { rosterBody, rosterList, u2Body, u3Body } from '../../protocol/transcript.ts';
import type { CoordinatorEffect } from '../coordinator/types.ts';
import type { RoundMessages } from '../round-messages.ts';
import { abortMessage, resultMessage } from './outcome-messages.ts';

type SendingEffect = Extract<CoordinatorEffect, { kind: `send-${string}` }>;

interface Letter {
  readonly to: ParticipantId;
  readonly message: ToParticipant;
}

export const isSending = (effect: CoordinatorEffect): effect is SendingEffect =>
  effect.kind.startsWith('send-');

/** In the order in which they are sent. A roster is seated in `messages` first, and sets are kept there. */
export async function lettersOf(
  effect: SendingEffect,
  of: Sid,
  messages: RoundMessages,
  signer: Signer,
): Promise<readonly Letter[]> {
  const sid = hexToBytes(of);
  switch (effect.kind) {
    case 'send-roster': {
      messages.seat(effect.cohort);
      const list = rosterList(effect.cohort.roster);
      const signature = await signer.sign('roster', rosterBody(of, messages.root));
      return effect.to.map((to) => {
        const advertises = messages.neighbours(to);
        return { to, message: { kind: 'roster', sid, list, advertises, signature } };
      });
    }
    case 'send-relayed': {
      const shares = [...messages.relayedTo(effect.to)];
      return shares.length === 0 ? [] : [{ to: effect.to, message: { kind: 'relayed', sid, shares } }];
    }
    case 'send-peers-gone': {
      const gone = bitsetOf(effect.gone, messages.cohort.roster.length);
      return toAll(effect.to, { kind: 'peers-gone', sid, gone });
    }
    case 'send-mask-request': {
      const { u2 } = messages.sets(effect.u2);
      const signature = await signer.sign('u2', u2Body(of, messages.root, u2));
      return toAll(effect.to, { kind: 'mask-request', sid, u2, signature });
    }
    case 'send-unmask-request': {
      const { u2, u3 } = messages.sets(effect.u2, effect.u3);
      const signature = await signer.sign('u3', u3Body(of, messages.root, u2, u3));
      return toAll(effect.to, { kind: 'unmask-request', sid, u3, signature });
    }
    case 'send-confirmations':
      return effect.to.flatMap((to) => {
        const signatures = messages.confirmationsFor(to, effect.confirmed);
        return signatures.length === 0 ? [] : [{ to, message: { kind: 'confirmations', sid, signatures } }];
      });
    case 'send-result':
      return toAll(effect.to, await resultMessage(of, effect, signer));
    case 'send-abort':
      return toAll(effect.to, await abortMessage(of, effect, signer));
    case 'send-dismissed':
      return toAll(effect.to, { kind: 'dismissed', sid, detail: effect.detail });
    case 'send-fault':
      return [{ to: effect.to, message: { kind: 'fault', ...effect.fault, closing: false } }];
    default:
      return unreachable(effect);
  }
}

const toAll = (to: readonly ParticipantId[], message: ToParticipant): readonly Letter[] =>
  to.map((id) => ({ to: id, message }));
