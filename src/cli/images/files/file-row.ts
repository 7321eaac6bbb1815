import { isText, textOfBytes } from '../../../images/layers/byte-text.ts';
import { modeText, timeText } from '../../../images/layers/file-details.ts';
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
    `${modeText(record)}${isOpaque ? 'O' : ''}`,
    `${uid}:${gid}`,
    sizeOf(record),
    timeText(record.mtime).slice(0, 16).replace('T', ' '),
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
    ...(kind === KIND.whiteout ? {} : { ...ownership(record), modified: timeText(mtime) }),
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

function sizeOf({ kind, size }: FileRecord): string {
  const isDevice = kind === KIND.character || kind === KIND.block;
  return isDevice ? `${Math.floor(size / 2 ** 32)},${size % 2 ** 32}` : `${size}`;
}
