import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { digestOf } from './image-content.ts';
import { images } from './images-command.ts';
import { must } from './programs.ts';

/** A file of an image, as far as both programs tell of it. */
interface ExportedFile {
  readonly type: string;
  /** Empty for a hard link, which is the file that it leads to, whatever a tar says of its mode. */
  readonly mode: string;
  readonly owner: string;
  /** Where a link leads. */
  readonly link: string;
  /** The digest of what is in it. */
  readonly content: string;
}

/** An image as a program shows it. */
export interface ExportedImage {
  /** As it is stored; of several platforms the index. */
  readonly manifest: string;
  readonly config: string;
  /** By path: `etc/motd`. */
  readonly files: Readonly<Record<string, ExportedFile>>;
}

const PLATFORM = ['--platform', 'linux/amd64'];
const TYPES: Readonly<Record<string, string>> = { link: 'file' };

/** Without directories that no layer has, which `images files` lists where a file lies in them and crane does not. */
export function withoutImplied(image: ExportedImage, other: ExportedImage): ExportedImage {
  const files = Object.entries(image.files).filter(
    ([path, { type }]) => type !== 'directory' || Object.hasOwn(other.files, path),
  );
  return { ...image, files: Object.fromEntries(files) };
}

/** What an opaque directory of these images hides (image-spec: "Opaque Whiteout"). crane knows none: it exports it. */
const HIDDEN = 'var/cache/apt/pkgcache.bin';

/** What crane shows: `manifest`, `config`, and what `export` writes into `file`, a file that is removed again. */
export async function exportByCrane(image: string, file: string): Promise<ExportedImage> {
  const [manifest, config] = await Promise.all(
    ['manifest', 'config'].map((command) => must('crane', [command, image])),
  );
  await must('crane', ['export', image, file]);
  const files: Record<string, ExportedFile> = {};
  for await (const entry of createReadStream(file).pipe(extract())) {
    const { name, type, mode = 0, uid, gid, linkname } = entry.header;
    const bytes = await buffer(entry);
    if (name === HIDDEN) continue;
    files[name.replace(/\/$/, '')] = {
      type: TYPES[type ?? ''] ?? type ?? '',
      mode: type === 'link' ? '' : (mode & 0o7777).toString(8).padStart(4, '0'),
      owner: `${uid}:${gid}`,
      link: linkname ?? '',
      content: type === 'file' ? digestOf(bytes) : '',
    };
  }
  await rm(file);
  return { manifest: manifest ?? '', config: config ?? '', files };
}

interface ListedFile {
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly target?: string;
  readonly hardLinkTo?: string;
}

/** What ours show: `inspect --raw` and `--raw-config`, `files` and `cat`. */
export async function exportByOurs(image: string): Promise<ExportedImage> {
  const plain = [image, '--plain-http'];
  const manifest = await images('inspect', ...plain, '--raw');
  const config = await images('inspect', ...plain, '--raw-config', ...PLATFORM);
  const lines = await images('files', ...plain, '--recursive', '--json', ...PLATFORM);
  const files: Record<string, ExportedFile> = {};
  for (const line of lines.split('\n').filter((it) => it !== '')) {
    const { path, type, mode, uid, gid, target, hardLinkTo } = JSON.parse(line) as ListedFile;
    const hasContent = type === 'file' && hardLinkTo === undefined;
    const text = hasContent ? await images('cat', image, path, '--plain-http', ...PLATFORM) : '';
    files[path.slice(1)] = {
      type,
      mode: hardLinkTo === undefined ? mode : '',
      owner: `${uid}:${gid}`,
      link: target ?? hardLinkTo ?? '',
      content: hasContent ? digestOf(Buffer.from(text)) : '',
    };
  }
  return { manifest, config, files };
}
