/** Server-sent events. A reader that does not keep up is disconnected; it comes back and gets a new snapshot. */
import type { Response } from 'express';

const HEARTBEAT_MS = 15_000;
const MAX_WAITING_BYTES = 1_048_576;

/** Opens the stream; returns how to send one event. `onClose` runs once, whoever ends it. */
export function openEventStream(response: Response, onClose: () => void): (event: unknown) => void {
  // Whoever asked may be gone by now, and its close be past.
  if (response.closed) return () => {};
  response.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  response.on('close', () => {
    clearInterval(heartbeat);
    onClose();
  });
  return (event) => {
    if (response.writableLength > MAX_WAITING_BYTES) return void response.destroy();
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  };
}
