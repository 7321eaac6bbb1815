import { KIND, type FileKind, type FileRecord } from './file-record.ts';

const LETTERS: Readonly<Partial<Record<FileKind, string>>> = {
  [KIND.implied]: 'd',
  [KIND.directory]: 'd',
  [KIND.symlink]: 'l',
  [KIND.character]: 'c',
  [KIND.block]: 'b',
  [KIND.fifo]: 'p',
};

/** What a file is and who may do what with it, as `ls -l` writes it: `drwxr-xr-x`. */
export function modeText({ kind, mode }: Pick<FileRecord, 'kind' | 'mode'>): string {
  const bits = [6, 3, 0].map((shift, at) => {
    const three = (mode >> shift) & 7;
    const isSpecial = ((mode >> (11 - at)) & 1) === 1;
    const plain = (three & 1) === 1 ? 'x' : '-';
    const special = at === 2 ? 't' : 's';
    const last = isSpecial ? ((three & 1) === 1 ? special : special.toUpperCase()) : plain;
    return `${(three & 4) === 0 ? '-' : 'r'}${(three & 2) === 0 ? '-' : 'w'}${last}`;
  });
  return `${LETTERS[kind] ?? '-'}${bits.join('')}`;
}

/** Years beyond 9999 are told by nobody who means them. */
const LAST_SECOND = 253_402_300_799;

/** When a file was changed, in RFC 3339. */
export function timeText(mtime: number): string {
  const seconds = Math.max(-LAST_SECOND / 4, Math.min(mtime, LAST_SECOND));
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
