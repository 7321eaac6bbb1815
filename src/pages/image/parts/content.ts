import type { Descriptor } from '../../../images/model/descriptor.ts';
import type { ImageSource } from '../../../images/store.ts';
import { JoinedBytes } from '../../../lib/streams/joined-bytes.ts';
import { formatSize } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { placeBetween, visibleText } from '../../text/visible-text.ts';
import { layOutJson } from './json-layout.ts';
import { PARTS_WORDS } from './words.ts';

/** The beginning of some content, or all of it. */
export interface Content {
  readonly bytes: Buffer;
  /** Of the whole, in bytes. */
  readonly size: number;
}

/** The most that is shown of one content. */
const MOST_CONTENT_BYTES = 1_000_000;

/**
 * Reads a blob, or the first `MOST_CONTENT_BYTES` of a larger one. The digest of a whole one is checked. Throws AppError
 * BLOB_MISSING, DIGEST_MISMATCH.
 */
export async function readContent(
  source: ImageSource,
  blob: Descriptor,
  most = MOST_CONTENT_BYTES,
): Promise<Content> {
  const read = new JoinedBytes();
  for await (const piece of source.readBlob(blob)) {
    read.add(piece);
    if (read.length >= most && read.length < blob.size) break;
  }
  return { bytes: read.join().subarray(0, most), size: blob.size };
}

/** Returns bytes as text. Undefined if they are none: not UTF-8, or with zero bytes. A character that is cut off is left out. */
export function textOfContent({ bytes, size }: Content): string | undefined {
  const whole = bytes.length === size ? bytes : bytes.subarray(0, endOfText(bytes));
  if (whole.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole);
  } catch {
    return undefined;
  }
}

/** Where the last whole character of UTF-8 ends. */
function endOfText(bytes: Buffer): number {
  let start = bytes.length;
  for (let back = 1; back <= 4 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (length > back) start = bytes.length - back;
    break;
  }
  return start;
}

/** The most letters of one content that one page shows. */
const PART_LETTERS = 64 * 1024;

/** Which part of a content is shown, and where the others are. */
export interface ContentPart {
  /** The first is 1. */
  readonly number: number;
  /** Returns the address of another part. */
  readonly address: (number: number) => string;
}

/** Reads the number of a part as an address has it. */
export function partNumber(text: string): number {
  return /^[1-9]\d?$/.test(text) ? Number(text) : 1;
}

/** Shows a part of a content as text, JSON laid out; of what is no text the first bytes. Nothing in it is markup. */
export function renderContent(content: Content, part: ContentPart, language: Language): Html {
  const { bytes, size } = content;
  const words = PARTS_WORDS[language];
  const text = textOfContent(content);
  const note =
    bytes.length === size
      ? NO_HTML
      : html`<p class="quiet-text small">
          ${words.beginning(formatSize(bytes.length, language), formatSize(size, language))}
        </p>`;
  if (text === undefined)
    return html`<p class="quiet-text small">${words.binary}</p>
      ${renderText(hexOf(bytes))}`;
  const end = part.number * PART_LETTERS;
  // No more is laid out than is shown, and what comes before it.
  const shown = layOutJson(text, end) ?? text;
  const from = placeBetween(shown, end - PART_LETTERS);
  return html`${note}${renderText(shown.slice(from, placeBetween(shown, end)))}
  ${renderParts(part, shown.length > end, language)}`;
}

function renderParts({ number, address }: ContentPart, isMore: boolean, language: Language): Html {
  if (number === 1 && !isMore) return NO_HTML;
  const words = PARTS_WORDS[language];
  return html`<nav class="pager" aria-label="${words.part(String(number))}">
    <span>${words.part(String(number))}</span>
    <span class="buttons"
      >${number === 1 ? NO_HTML : html`<a href="${address(number - 1)}">${words.previousPart}</a>`}
      ${isMore ? html`<a href="${address(number + 1)}">${words.nextPart}</a>` : NO_HTML}</span
    >
  </nav>`;
}

/** A block of foreign text that can be scrolled with the keyboard too. */
function renderText(text: string): Html {
  // The first line end after <pre> is not shown by browsers.
  return html`<pre class="content" tabindex="0">${`\n${visibleText(text)}`}</pre>`;
}

const MOST_HEX_BYTES = 512;

/** As `hexdump -C` prints it. */
function hexOf(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, MOST_HEX_BYTES); at += 16) {
    const row = bytes.subarray(at, Math.min(at + 16, MOST_HEX_BYTES));
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const letters = row.toString('latin1').replace(/[^ -~]/g, '.');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  |${letters}|`);
  }
  return lines.join('\n');
}
