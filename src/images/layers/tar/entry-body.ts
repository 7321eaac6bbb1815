import { paddingOf } from '../../tar/tar-header.ts';
import type { OnBytes, Pieces } from '../../store.ts';
import type { ByteReader } from './byte-reader.ts';
import { sparseFormat, type PaxRecords } from './pax.ts';
import { checkMap, decimal, fillHoles, parseMap, readNewMap, readOldMap, type SparseMap } from './sparse.ts';
import type { TarHeader } from './tar-header.ts';

/** All that a tar says of a file before its bytes. */
export interface Headers {
  readonly header: TarHeader;
  /** The block that `header` was read from, if a sparse map begins in it. */
  readonly block: Buffer | undefined;
  readonly pax: PaxRecords;
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

/** The bytes of a file in a tar. */
export interface Body {
  readonly size: number;
  read(): Pieces;
  /** How many bytes of it are left to pass over. */
  rest(): number;
}

/** The map of a sparse file, and how many bytes of its data it took. */
interface FoundMap {
  readonly map: SparseMap;
  readonly taken: number;
}

/** Returns the body of a file, whose bytes come next. Throws AppError IMAGE_INVALID. */
export function makeBody(
  { header, pax }: Headers,
  {
    bytes,
    found,
    onHole,
  }: { readonly bytes: ByteReader; readonly found?: FoundMap; readonly onHole: OnBytes },
): Body {
  const stored = storedBytes(header, pax);
  const length = stored - (found?.taken ?? 0);
  if (found !== undefined) checkMap(found.map, length);
  let rest = length;
  const take = async function* (count: number): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes.take(count)) {
      rest -= piece.length;
      yield piece;
    }
  };
  return {
    size: found?.map.size ?? length,
    read: () => (found === undefined ? take(length) : fillHoles(found.map, take, onHole)),
    rest: () => rest + paddingOf(stored),
  };
}

/** How many bytes the tar has of a file. Links, devices and directories have none, whatever their size says, as in Go. */
function storedBytes({ type, size }: TarHeader, pax: PaxRecords): number {
  const stated = pax.get('size');
  if (/^[1-6]$/.test(type)) return 0;
  return stated === undefined ? size : decimal(stated);
}

/** Reads the map of a sparse file. Undefined if it is none. Throws AppError IMAGE_INVALID. */
export async function findMap(
  { header, block, pax }: Headers,
  bytes: ByteReader,
): Promise<FoundMap | undefined> {
  if (block !== undefined) return { map: await readOldMap(block, bytes), taken: 0 };
  const format = sparseFormat(pax);
  if (format === undefined) return undefined;
  const stored = storedBytes(header, pax);
  const stated = pax.get('GNU.sparse.size') ?? pax.get('GNU.sparse.realsize');
  const size = stated === undefined ? stored : decimal(stated);
  if (format === '1') return readNewMap(bytes, size, stored);
  return { map: parseMap(pax.get('GNU.sparse.map') ?? '', size), taken: 0 };
}
