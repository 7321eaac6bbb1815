import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { CatalogPage, CatalogSource } from '../registry/catalog.ts';
import type { Backend } from './backend.ts';

export interface CatalogSourceOptions {
  readonly backend: Backend;
  readonly timeoutMs: number;
  /** The gate's own word, for a registry that asks for one. */
  readonly authorization?: (() => string) | undefined;
}

/** A thousand names of the greatest length, and their quotes. */
const LARGEST_BYTES = 1024 * 1024;

/** The registry has answered, and not with a page of its catalog. */
export class CatalogFailure extends Error {
  /** The status that the registry answered with; undefined where the answer itself was none. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = 'CatalogFailure';
    this.status = status;
  }
}

/**
 * Reads pages of the catalog from the registry: the one kind of answer that is read whole, and with a limit. Rejects with
 * CatalogFailure, or with the system error of the connection.
 */
export function createCatalogSource(options: CatalogSourceOptions): CatalogSource {
  return async (n, last) => {
    const after = last === undefined ? '' : `&last=${encodeURIComponent(last)}`;
    const answer = await get(`/v2/_catalog?n=${n}${after}`, options);
    if (answer.statusCode !== 200) {
      answer.resume();
      throw new CatalogFailure(`the registry answers ${answer.statusCode}`, answer.statusCode);
    }
    return pageOf(await readText(answer), String(answer.headers['link'] ?? ''));
  };
}

function get(
  path: string,
  { backend: { options, pooled, authority }, timeoutMs, authorization }: CatalogSourceOptions,
): Promise<IncomingMessage> {
  const place =
    options.kind === 'unix' ? { socketPath: options.path } : { host: options.host, port: options.port };
  const request = options.kind === 'https' ? httpsRequest : httpRequest;
  const word = authorization?.();
  const headers = { host: authority, ...(word === undefined ? {} : { authorization: word }) };
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, path, agent: pooled, headers, signal });
    asked.once('response', resolve).once('error', reject).end();
  });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > LARGEST_BYTES)
      throw new CatalogFailure(`a page of the catalog is larger than ${LARGEST_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function pageOf(text: string, link: string): CatalogPage {
  const names = namesOf(text);
  if (names === undefined) throw new CatalogFailure('a page of the catalog is not what it should be');
  return { names, more: /rel="?next\b/.test(link) };
}

/** distribution writes `null` for no names at all. */
function namesOf(text: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('repositories' in value)) return undefined;
  const names: unknown = value.repositories ?? [];
  return isNames(names) ? names : undefined;
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
