import { isPlainJson } from '../../../images/model/json-shape.ts';

/** How deep lists and objects are indented; what lies deeper stays on its line. */
const MOST_DEPTH = 32;

/**
 * Lays a text of JSON out on lines until there are so many letters, or a little more, and changes nothing else in it:
 * numbers keep their digits, and names that come twice stay. Undefined if it is no JSON, or has too many entries.
 */
export function layOutJson(text: string, most: number): string | undefined {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || !isJson(trimmed)) return undefined;
  const tokens = trimmed.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/gs);
  const out = new Layout();
  for (const [token] of tokens) {
    out.add(token);
    if (out.length > most) break;
  }
  return out.text();
}

function isJson(text: string): boolean {
  if (!isPlainJson(Buffer.from(text))) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

class Layout {
  readonly #parts: string[] = [];
  #depth = 0;
  /** Whether an object or list has just begun, so that an empty one stays on its line. */
  #isOpen = false;
  length = 0;

  add(token: string): void {
    const isEnd = token === '}' || token === ']';
    const isStart = token === '{' || token === '[';
    if (isEnd) this.#depth -= 1;
    if (this.#isOpen !== isEnd) this.#breakLine();
    this.#put(token === ':' ? ': ' : token);
    if (isStart) this.#depth += 1;
    this.#isOpen = isStart;
    if (token === ',') this.#breakLine();
  }

  text(): string {
    return this.#parts.join('');
  }

  #breakLine(): void {
    if (this.#depth < MOST_DEPTH) this.#put(`\n${'  '.repeat(this.#depth)}`);
  }

  #put(text: string): void {
    this.#parts.push(text);
    this.length += text.length;
  }
}
