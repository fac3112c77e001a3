/** What a peer, a file or the network did wrong is a value, not an exception: our own bugs throw (invariant). */
export type Result<Value, Fault> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly fault: Fault };

export const ok = <Value>(value: Value): Result<Value, never> => ({ ok: true, value });
export const fail = <Fault>(fault: Fault): Result<never, Fault> => ({ ok: false, fault });
