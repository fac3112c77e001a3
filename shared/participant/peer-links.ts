/**
 * Direct connections to other participants, as the client application sees them. They carry bytes and promise
 * nothing about who is at the other end: what is sent is sealed or signed by the protocol.
 */

/** `failed`: was dialled and never opened. `closed`: was open and is no more. */
export type PeerLinkEvent =
  | { readonly kind: 'opened' | 'closed' | 'failed'; readonly peer: string }
  | { readonly kind: 'message'; readonly peer: string; readonly bytes: Uint8Array<ArrayBuffer> };

/** A peer is named by its link id: 16 random bytes in 32 lower-case hex digits. */
export interface PeerLinks {
  /** The id at which others dial this participant; null where direct connections are unavailable. Never rejects. */
  readonly localId: Promise<string | null>;
  /**
   * Dials each. Of a pair, the one with the lower roster index dials and the other waits; links that others dial
   * open by themselves. Each dialled peer gives `opened` or `failed`.
   */
  open(peers: readonly string[]): void;
  /** False where the link is not open, the bytes are more than a peer reads, or too many wait to be sent. */
  send(peer: string, bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Gives no event. */
  close(peer: string): void;
  /** Closes every link and takes none any more. */
  closeAll(): void;
  /** The one listener; what happened before is not repeated. */
  onEvent(listener: (event: PeerLinkEvent) => void): void;
}
