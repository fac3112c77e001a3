/**
 * All that the coordinator computes in a round: signatures and invitations verified, chunks hashed and summed,
 * secrets rebuilt, masks taken off; frames decoded. On the product's own parts; the state machine and the sockets
 * are left out.
 */
import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { hexToBytes } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { packedBytes } from '#shared/numeric/pack.ts';
import { decodeToCoordinator, encodeMessage } from '#shared/protocol/codec.ts';
import { verifyChain } from '#shared/protocol/invitation.ts';
import { UPLOADS_AT_ONCE } from '#shared/protocol/limits.ts';
import type { ToCoordinatorOf } from '#shared/protocol/messages/directions.ts';
import { chunksOf } from '#shared/protocol/upload-chunks.ts';
import { vectorBits } from '#shared/round/vector.ts';
import { eraseRebuilt, rebuildSecrets, removeMasks } from '#shared/round/unmasking.ts';
import { openSslSuite } from '../../../coordinator/crypto/openssl-suite.ts';
import { RoundMessages } from '#shared/round/round-messages.ts';
import { Uploads } from '#shared/round/driver/uploads.ts';
import type { Attempt } from './attempt.ts';
import { threadMs } from './clock.ts';

export interface CoordinatorCost {
  readonly cpuMs: number;
  /** The most that the sum and the spools took at one time. */
  readonly peakBytes: number;
  /** With every mask off, [d + 1]. */
  readonly sum: Uint32Array;
}

type Frame = Uint8Array<ArrayBuffer>;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setFlagsFromString('--no-expose-gc');

/** Bytes of buffers that something still holds. The first collection may leave its sweeping to the second. */
function heldBytes(): number {
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** A client's vector in frames, zeros in its padding: any words will do. `lanes` are d + 1. */
export function uploadFrames({ sid, offer }: Attempt, lanes: number): readonly Frame[] {
  const bits = vectorBits(offer);
  const packed = new Uint8Array(packedBytes(lanes, bits));
  const chunks = [...chunksOf(packed, bits, openSslSuite.sha256)];
  return chunks.map((chunk) => encodeMessage({ kind: 'masked', sid: hexToBytes(sid), ...chunk }));
}

/** `upload` are the frames of everybody's vector. Throws where the round does not go as it should. */
export async function coordinateRound(
  attempt: Attempt,
  lanes: number,
  upload: readonly Frame[],
): Promise<CoordinatorCost> {
  const { offer, cohort, frames, survivors, dropped } = attempt;
  const messages = newMessages(attempt);
  let cpuMs = 0;
  const timed = async (work: () => void | Promise<void>) => {
    const start = threadMs();
    await work();
    cpuMs += threadMs() - start;
  };
  await timed(async () => {
    for (const { id, advertise } of frames) {
      const message = decoded('advertise', advertise);
      invariant(await messages.isSound(id, message), 'an advertise holds');
      messages.keepAdvertise(id, message);
    }
    messages.seat(cohort);
  });
  const before = heldBytes();
  const uploads = new Uploads(lanes, vectorBits(offer), openSslSuite.sha256);
  let peakBytes = 0;
  // Collecting garbage takes long where there are many waves; what one left behind, the last would show.
  const isLookedAt = (first: number) => first === 0 || first + UPLOADS_AT_ONCE >= survivors.length;
  const ids = survivors.map((index) => frames[index]?.id as ParticipantId);
  for (let first = 0; first < ids.length; first += UPLOADS_AT_ONCE)
    await timed(async () => {
      const wave = ids.slice(first, first + UPLOADS_AT_ONCE);
      for (const id of wave) uploads.enqueue(id);
      for (const [index, frame] of upload.entries()) {
        for (const id of wave) {
          const taken = uploads.take(id, decoded('masked', frame));
          invariant(taken.ok && taken.value !== 'ignored', 'a chunk is taken in its turn');
        }
        if (index !== Math.max(0, upload.length - 2) || !isLookedAt(first)) continue;
        // All spools are full but for a chunk.
        const paused = threadMs();
        peakBytes = Math.max(peakBytes, heldBytes() - before);
        cpuMs -= threadMs() - paused;
      }
    });
  uploads.freeze();
  await timed(async () => {
    messages.sets(
      cohort.roster.map((_, index) => index),
      survivors,
    );
    for (const index of survivors) {
      const { id, confirm } = frames[index] as Attempt['frames'][number];
      invariant(await messages.confirm(id, decoded('confirm', confirm)), 'a confirmation holds');
    }
    for (const index of survivors) {
      const { id, reveal } = frames[index] as Attempt['frames'][number];
      messages.takeShares(id, decoded('reveal', reveal));
    }
    const terms = messages.unmaskTerms(survivors, dropped);
    const rebuilt = rebuildSecrets(terms, messages.revealed);
    invariant(rebuilt.ok, 'every secret is rebuilt');
    const removed = await removeMasks(uploads.sum, terms, rebuilt.value, openSslSuite, async () => {
      await setImmediate();
    });
    invariant(removed.ok, 'every mask comes off');
    eraseRebuilt(rebuilt.value);
    messages.erase();
  });
  return { cpuMs, peakBytes, sum: uploads.sum };
}

/** As the coordinator has them; it verifies invitations each time, as the coordinator does. */
function newMessages({ run, sid, adminKey }: Attempt): RoundMessages {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return new RoundMessages(
    sid,
    openSslSuite,
    (chain, id) => verifyChain(chain, { run, adminKey, identity: hexToBytes(id), nowSeconds }).ok,
  );
}

function decoded<Kind extends 'advertise' | 'masked' | 'confirm' | 'reveal'>(
  kind: Kind,
  frame: Uint8Array,
): ToCoordinatorOf<Kind> {
  const message = decodeToCoordinator(frame);
  invariant(message.ok && message.value.kind === kind, 'frames of the bench are frames of the protocol');
  return message.value as ToCoordinatorOf<Kind>;
}
