/** What a pax header changes of the entry that follows it. */
export interface PaxChanges {
  readonly name?: string;
  readonly link?: string;
  readonly size?: number;
  readonly isSparse: boolean;
}

const LINE_END = 0x0a;

/** One record of a pax header. Whether its bytes are UTF-8 nobody knows. */
interface PaxRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

/** Reads the record `LENGTH KEYWORD=VALUE\n` at a place (POSIX.1-2024, pax: "pax Extended Header"). Undefined if it is malformed. */
export function paxRecordAt(bytes: Buffer, at: number): PaxRecord | undefined {
  const [, digits = ''] = /^(\d{1,10}) /.exec(bytes.toString('latin1', at, at + 11)) ?? [];
  const end = at + Number(digits);
  const from = at + digits.length + 1;
  const equals = bytes.indexOf('=', from);
  if (equals <= from || equals >= end || end > bytes.length || bytes[end - 1] !== LINE_END) return undefined;
  return { key: bytes.subarray(from, equals), value: bytes.subarray(equals + 1, end - 1), end };
}

/** Reads all records of a pax header of an archive, whose names are UTF-8. Undefined if they are malformed. */
export function decodePax(bytes: Buffer): PaxChanges | undefined {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const record = paxRecordAt(bytes, at);
    if (record === undefined) return undefined;
    records.set(record.key.toString('utf8'), record.value.toString('utf8'));
    at = record.end;
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
