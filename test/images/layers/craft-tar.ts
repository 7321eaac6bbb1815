/** An entry of a crafted tar. Names are byte strings: one character for each byte. */
export interface Crafted {
  readonly name: string;
  /** The type flag. Default: `0`, `5` for a name that ends with a slash, `2` with a link. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly mtime?: number;
  readonly major?: number;
  readonly minor?: number;
  /** The size that the header states, where it is not that of the content. */
  readonly size?: number;
  /** Extended headers that stand before it. */
  readonly pax?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  /** `ustar`, `gnu` or `v7`. */
  readonly form?: 'ustar' | 'gnu' | 'v7';
  /** Changes the header block before its sum is made. */
  readonly edit?: (block: Buffer) => void;
}

/** Makes a tar of entries; a text alone is an empty file, or a directory with a slash at its end. */
export function craftTar(entries: readonly (Crafted | string)[], end = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => craftEntry(typeof entry === 'string' ? { name: entry } : entry)),
    end,
  ]);
}

function craftEntry(entry: Crafted): Buffer[] {
  const content = Buffer.from(entry.content ?? '');
  const pax = entry.pax === undefined ? [] : paxEntry(entry.pax);
  return [...pax, header(entry, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}

function paxEntry(pax: NonNullable<Crafted['pax']>): Buffer[] {
  const records = Array.isArray(pax) ? pax : Object.entries(pax);
  const text = records.map(([key = '', value = '']: readonly string[]) => paxRecord(key, value)).join('');
  return craftEntry({ name: 'PaxHeaders/x', type: 'x', content: Buffer.from(text, 'latin1') });
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return `${length}${rest}`;
}

function header(entry: Crafted, length: number): Buffer {
  const { name, link = '', mode = 0o644, uid = 0, mtime = 0, form = 'ustar' } = entry;
  const type = entry.type ?? (name.endsWith('/') ? '5' : link === '' ? '0' : '2');
  const block = Buffer.alloc(512);
  block.write(name.slice(0, 100), 0, 'latin1');
  block.write(octal(mode, 7), 100, 'latin1');
  block.write(octal(uid, 7), 108, 'latin1');
  block.write(octal(0, 7), 116, 'latin1');
  block.write(octal(entry.size ?? length, 11), 124, 'latin1');
  block.write(octal(mtime, 11), 136, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(link.slice(0, 100), 157, 'latin1');
  if (form !== 'v7') block.write(form === 'gnu' ? 'ustar  \u0000' : 'ustar\u000000', 257, 'latin1');
  block.write(octal(entry.major ?? 0, 7), 329, 'latin1');
  block.write(octal(entry.minor ?? 0, 7), 337, 'latin1');
  entry.edit?.(block);
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** Bytes as a stream of pieces of some size, which may cut anything anywhere. */
export async function* inPieces(bytes: Buffer, size = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    // A copy that is spoilt afterwards, as a piece is valid only until the next one is asked for.
    const piece = Buffer.from(bytes.subarray(at, at + size));
    yield piece;
    piece.fill(0xaa);
  }
}
