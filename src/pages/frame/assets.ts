import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

/** A file that the pages load. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** Returns the same, compressed (RFC 7932). It is made when it is first asked for, not at the start. */
  readonly brotli: () => Promise<Buffer>;
}

interface Assets {
  /** The address of the style, and that of the script. They change with the content. */
  readonly style: string;
  readonly script: string;
  readonly icon: string;
  /** Returns the file at this path; undefined if none has it. */
  find(path: string): Asset | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};
const PREFIX = '/pages/';
const HASH_DIGITS = 16;

/**
 * Loads the styles and scripts next to the sources. The styles become one file, in the order of their names; the scripts
 * stay as they are and load each other. All are below a path with the hash of their content, so a browser can keep them.
 */
export function loadAssets(folder = join(import.meta.dirname, '..', 'assets')): Assets {
  const names = readdirSync(folder)
    .filter((name) => TYPES[endingOf(name)] !== undefined)
    .sort();
  const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  const styles = [...files].filter(([name]) => name.endsWith('.css')).map(([, body]) => body);
  const served = new Map([...files].filter(([name]) => !name.endsWith('.css')));
  served.set('pages.css', Buffer.concat(styles));
  const base = `${PREFIX}${hashOf(served)}/`;
  const assets = new Map([...served].map(([name, body]) => [`${base}${name}`, toAsset(name, body)]));
  return {
    style: `${base}pages.css`,
    script: `${base}main.js`,
    icon: `${base}icon.svg`,
    find: (path) => assets.get(path),
  };
}

function toAsset(name: string, body: Buffer): Asset {
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
  let compressed: Promise<Buffer> | undefined;
  return {
    type: TYPES[endingOf(name)] ?? '',
    body,
    brotli: () => (compressed ??= compress(body, { params })),
  };
}

const compress = promisify(brotliCompress);

function hashOf(files: ReadonlyMap<string, Buffer>): string {
  const hash = createHash('sha256');
  for (const [name, body] of files) hash.update(`${name} ${body.length}\n`).update(body);
  return hash.digest('hex').slice(0, HASH_DIGITS);
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
