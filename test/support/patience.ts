/**
 * How long a test waits for what must come, in milliseconds. What comes ends the wait at once; a machine under load
 * may take minutes.
 */
export const PATIENCE_MS = 240_000;

/** The same for what must come at once, shorter than the timers of the product that would bring it in any case. */
export const AT_ONCE_MS = 45_000;
