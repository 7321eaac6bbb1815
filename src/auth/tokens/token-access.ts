import { bytesOfText, ownText } from '../../lib/own-text.ts';
import type { Access } from '../../oci/request/scope.ts';

/** An entry and its list, as objects of V8. */
const ENTRY_BYTES = 128;

/** Returns the memory that a list takes, in bytes. */
export function bytesOfAccess(access: readonly Access[]): number {
  return access.reduce((bytes, { type, name, actions }) => {
    const texts = [type, name, ...actions].reduce((sum, text) => sum + bytesOfText(text), 0);
    return bytes + texts + ENTRY_BYTES;
  }, ENTRY_BYTES);
}

/** Copies a list. Its names are slices of a request, which may be a hundred times as long and would stay in memory. */
export function ownAccess(access: readonly Access[]): readonly Access[] {
  return access.map(({ type, name, actions }) => ({
    type: ownText(type),
    name: ownText(name),
    actions: actions.map(ownText),
  }));
}
