/** Where a page begins: after the row with this value, and this name. */
interface Cursor {
  readonly value: number | string;
  readonly name: string;
}

const LONGEST = 4096;

export function renderCursor({ value, name }: Cursor): string {
  return Buffer.from(JSON.stringify([value, name])).toString('base64url');
}

/** Reads what `renderCursor` made. Undefined for anything else. */
export function parseCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined || text.length > LONGEST) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(parsed) || parsed.length !== 2) return undefined;
    const [value, name]: readonly unknown[] = parsed;
    const isValue = typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
    return isValue && typeof name === 'string' ? { value, name } : undefined;
  } catch {
    return undefined;
  }
}
