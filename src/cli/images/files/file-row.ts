import { isText, textOfBytes } from '../../../images/layers/byte-text.ts';
import { KIND, type FileKind, type FileRecord } from '../../../images/layers/file-record.ts';
import type { ListedFile } from '../../../images/layers/list-files.ts';
import type { Column } from '../../terminal/table.ts';

export const COLUMNS: readonly Column[] = [
  { title: 'MODE' },
  { title: 'OWNER', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'MODIFIED' },
  { title: 'NAME' },
];

const LETTERS: Readonly<Partial<Record<FileKind, string>>> = {
  [KIND.implied]: 'd',
  [KIND.directory]: 'd',
  [KIND.symlink]: 'l',
  [KIND.character]: 'c',
  [KIND.block]: 'b',
  [KIND.fifo]: 'p',
};

const TYPES: Readonly<Partial<Record<FileKind, string>>> = {
  [KIND.implied]: 'directory',
  [KIND.directory]: 'directory',
  [KIND.symlink]: 'symlink',
  [KIND.character]: 'character-device',
  [KIND.block]: 'block-device',
  [KIND.fifo]: 'fifo',
  [KIND.whiteout]: 'deleted',
};

/** A file as `ls -ln` shows it. */
export function cellsOf({ path, record, isOpaque }: ListedFile): readonly string[] {
  const name = `${textOfBytes(path)}${linkOf(record)}`;
  if (record.kind === KIND.whiteout) return ['D', '', '', '', name];
  const { uid, gid } = record;
  return [
    `${modeOf(record)}${isOpaque ? 'O' : ''}`,
    `${uid}:${gid}`,
    sizeOf(record),
    timeOf(record.mtime).slice(0, 16).replace('T', ' '),
    name,
  ];
}

/** What `--json` prints of a file. */
export function jsonOf({ path, record, isOpaque }: ListedFile): object {
  const { kind, link, mtime } = record;
  const type = TYPES[kind] ?? 'file';
  return {
    path: `/${textOfBytes(path)}`,
    ...(isText(path) ? {} : { pathBase64: Buffer.from(`/${path}`, 'latin1').toString('base64') }),
    type,
    ...(kind === KIND.whiteout ? {} : { ...ownership(record), modified: timeOf(mtime) }),
    ...(type === 'file' ? { size: record.size } : {}),
    ...(type.endsWith('device') ? { device: sizeOf(record) } : {}),
    ...(link === '' ? {} : { [kind === KIND.symlink ? 'target' : 'hardLinkTo']: textOfBytes(link) }),
    ...(isOpaque ? { opaque: true } : {}),
  };
}

function ownership({ mode, uid, gid }: FileRecord): object {
  return { mode: mode.toString(8).padStart(4, '0'), uid, gid };
}

function linkOf({ kind, link }: FileRecord): string {
  if (link === '') return '';
  return kind === KIND.symlink ? ` -> ${textOfBytes(link)}` : ` link to ${textOfBytes(link)}`;
}

function modeOf({ kind, mode }: FileRecord): string {
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

function sizeOf({ kind, size }: FileRecord): string {
  const isDevice = kind === KIND.character || kind === KIND.block;
  return isDevice ? `${Math.floor(size / 2 ** 32)},${size % 2 ** 32}` : `${size}`;
}

/** Years beyond 9999 are told by nobody who means them. */
const LAST_SECOND = 253_402_300_799;

function timeOf(mtime: number): string {
  const seconds = Math.max(-LAST_SECOND / 4, Math.min(mtime, LAST_SECOND));
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
