import { invalidImage } from '../../model/descriptor.ts';
import { paxRecordAt } from '../../tar/pax-records.ts';

/** Records of an extended header that are read here. Values are byte strings. */
export type PaxRecords = ReadonlyMap<string, string>;

const READ = /^(?:path|linkpath|size|uid|gid|mtime|GNU\.sparse\.(?:major|minor|name|map|size|realsize))$/;

/** The pax formats of sparse files: `0.0` and `0.1` have their map in records, `1.0` before the data. */
type SparseFormat = '0' | '1';

/** Returns the format as Go's archive/tar finds it, or undefined if the file is not sparse. */
export function sparseFormat(pax: PaxRecords): SparseFormat | undefined {
  const major = pax.get('GNU.sparse.major');
  const minor = pax.get('GNU.sparse.minor');
  if (major === undefined && minor === undefined) return pax.has('GNU.sparse.map') ? '0' : undefined;
  if (major === '0' && (minor === '0' || minor === '1')) return '0';
  return major === '1' && minor === '0' ? '1' : undefined;
}

/** Parses `LENGTH KEY=VALUE\n` ... (POSIX.1-2001: "pax Extended Header"). Throws AppError IMAGE_INVALID. */
export function parsePax(text: Buffer): PaxRecords {
  const records = new Map<string, string>();
  const map: string[] = [];
  for (let at = 0; at < text.length && text[at] !== 0;) {
    const record = paxRecordAt(text, at);
    if (record === undefined) throw invalidImage('an extended header in a layer of it is damaged');
    const [key, value] = [record.key.toString('latin1'), record.value.toString('latin1')];
    // An empty value says nothing, and takes back what was said.
    if (READ.test(key) && value === '') records.delete(key);
    else if (READ.test(key)) records.set(key, value);
    // The pax format 0.0 of sparse files repeats these.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') map.push(value);
    at = record.end;
  }
  if (map.length > 0) records.set('GNU.sparse.map', map.join(','));
  return records;
}
