/** A connection to the coordinator by hand: it answers the greeting with a sound hello, and then says what it is told to. */
import { WebSocket } from 'ws';
import { isRunId } from '#shared/base/ids.ts';
import { systemRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { decodeToParticipant, encodeMessage } from '#shared/protocol/codec.ts';
import { chainFor, decodeInvitation } from '#shared/protocol/invitation.ts';
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts';
import type { ToParticipantOf } from '#shared/protocol/messages/directions.ts';
import { helloBody } from '#shared/protocol/transcript.ts';

/** `joinPath` is the link's path with its fragment. */
async function helloTo(
  { nonce, coordinatorKey }: ToParticipantOf<'greeting'>,
  joinPath: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const [, run = '', fragment = ''] = /^\/join\/([^#]+)#(.+)$/.exec(joinPath) ?? [];
  const invitation = decodeInvitation(fragment);
  if (!isRunId(run) || !invitation.ok) throw new Error(`no invitation: ${joinPath}`);
  const signer = nobleSigner(systemRandom(32));
  return encodeMessage({
    kind: 'hello',
    protocol: PROTOCOL_VERSION,
    run,
    participant: signer.publicKey,
    chain: await chainFor(invitation.value, run, signer.publicKey),
    proof: await signer.sign('hello', helloBody(nonce, coordinatorKey, run)),
    shard: null,
    resume: null,
  });
}

/**
 * Sends `frames` on a connection of its own, where 'hello' stands for a sound hello; what came back until the
 * coordinator closed it.
 */
export function answersTo(
  port: number,
  joinPath: string,
  frames: readonly (Uint8Array | 'hello')[],
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    const answers: string[] = [];
    const speak = async (greeting: ToParticipantOf<'greeting'>) => {
      const hello = await helloTo(greeting, joinPath);
      for (const frame of frames) socket.send(frame === 'hello' ? hello : frame);
    };
    socket.on('message', (data: Buffer) => {
      const message = decodeToParticipant(new Uint8Array(data));
      if (!message.ok) return reject(new Error(message.fault.detail));
      const { value } = message;
      if (value.kind === 'greeting') return void speak(value);
      if (value.kind !== 'room') answers.push(value.kind === 'fault' ? `fault ${value.code}` : value.kind);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answers));
  });
}
