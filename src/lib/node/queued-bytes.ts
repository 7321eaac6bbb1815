/**
 * The bytes that the socket was given and the kernel has not taken. `bytesWritten` counts them as written, so that a slow
 * reader of one large buffer would look like one that stands still.
 *
 * Relies on `_handle.writeQueueSize`, where libuv's stream keeps their number (src/stream_wrap.cc).
 */
export function queuedBytes(socket: object): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const queued: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : 0;
  return typeof queued === 'number' ? queued : 0;
}
