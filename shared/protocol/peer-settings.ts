/** How a page reaches the coordinator's signalling: the answer of GET /api/peer-settings. */
import * as v from 'valibot';

/** Where the signalling is mounted. */
export const SIGNALLING_PATH = '/peer';
/** Under it; the library's own name for its WebSocket. */
export const SIGNALLING_SOCKET_PATH = `${SIGNALLING_PATH}/peerjs`;

const iceUrl = v.pipe(v.string(), v.maxLength(200), v.regex(/^(stuns?|turns?):\S+$/));
const iceServer = v.pipe(
  v.strictObject({
    urls: v.union([iceUrl, v.pipe(v.array(iceUrl), v.minLength(1), v.maxLength(8))]),
    username: v.optional(v.pipe(v.string(), v.maxLength(500))),
    credential: v.optional(v.pipe(v.string(), v.maxLength(500))),
  }),
  v.check(
    ({ urls, username, credential }) =>
      ![urls].flat().some((url) => url.startsWith('turn')) ||
      (username !== undefined && credential !== undefined),
    'a TURN server needs a username and a credential',
  ),
);

/** Servers that help tabs behind different routers to find a way to each other; none within one network. */
export const iceServers = v.pipe(v.array(iceServer), v.maxLength(8));
export type IceServers = v.InferOutput<typeof iceServers>;

export const peerSettings = v.strictObject({
  path: v.pipe(v.string(), v.regex(/^\/[a-z/]*$/)),
  /** Names this coordinator's signalling; no secret. */
  key: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  iceServers,
});
export type PeerSettings = v.InferOutput<typeof peerSettings>;

/** Of a participant at the signalling: 16 random bytes. */
export const isLinkId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
