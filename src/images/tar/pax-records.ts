/** What a pax header changes of the entry that follows it. */
export interface PaxChanges {
  readonly name?: string;
  readonly link?: string;
  readonly size?: number;
  readonly isSparse: boolean;
}

const SPACE = 0x20;
const LINE_END = 0x0a;

/** Reads the records `LENGTH KEYWORD=VALUE\n` of a pax header (POSIX.1-2024, pax: "pax Extended Header"). Undefined if they are malformed. */
export function decodePax(bytes: Buffer): PaxChanges | undefined {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    const digits = space < 0 ? '' : bytes.toString('latin1', at, Math.min(space, at + 12));
    const end = /^[1-9]\d*$/.test(digits) ? at + Number(digits) : Number.NaN;
    if (!(end > space + 1 && end <= bytes.length) || bytes[end - 1] !== LINE_END) return undefined;
    const record = bytes.toString('utf8', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 1) return undefined;
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at = end;
  }
  return changesOf(records);
}

function changesOf(records: ReadonlyMap<string, string>): PaxChanges | undefined {
  // An empty value takes the keyword back.
  const valueOf = (key: string): string => records.get(key) ?? '';
  const [name, link, digits] = [valueOf('path'), valueOf('linkpath'), valueOf('size')];
  const size = /^\d{0,16}$/.test(digits) ? Number(digits) : Number.NaN;
  if (name.includes('\0') || link.includes('\0') || !Number.isSafeInteger(size)) return undefined;
  return {
    ...(name === '' ? {} : { name }),
    ...(link === '' ? {} : { link }),
    ...(digits === '' ? {} : { size }),
    isSparse: [...records.keys()].some((key) => key.startsWith('GNU.sparse.')),
  };
}
