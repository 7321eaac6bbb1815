import type { CatalogPage, CatalogSource } from '../../oci/catalog.ts';
import { ask } from '../client/ask.ts';
import type { Backend } from '../client/backend.ts';

interface CatalogSourceOptions {
  readonly backend: Backend;
  readonly timeoutMs: number;
  /** The credentials of the gate, for a registry that requires them. */
  readonly authorization?: (() => string | Promise<string>) | undefined;
}

/** A thousand names of the greatest length, with their quotes. */
const LARGEST_BYTES = 1024 * 1024;

/** The registry answered with something else than a page of its catalog. */
export class CatalogFailure extends Error {
  /** The status of the answer; undefined if its body is wrong. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = 'CatalogFailure';
    this.status = status;
  }
}

/**
 * Reads pages of the catalog from the registry, whole and up to a limit. Rejects with CatalogFailure or the errors of
 * `ask`.
 */
export function createCatalogSource({
  backend,
  timeoutMs,
  authorization,
}: CatalogSourceOptions): CatalogSource {
  return async (n, last) => {
    const after = last === undefined ? '' : `&last=${encodeURIComponent(last)}`;
    const path = `/v2/_catalog?n=${n}${after}`;
    const word = await authorization?.();
    const answer = await ask(backend, { path, timeoutMs, largestBytes: LARGEST_BYTES, authorization: word });
    const { status, headers, text } = answer;
    if (status !== 200) throw new CatalogFailure(`the registry answers ${status}`, status);
    if (text === undefined)
      throw new CatalogFailure(`a page of the catalog is larger than ${LARGEST_BYTES} bytes`);
    return pageOf(text, headers['link'] ?? '');
  };
}

function pageOf(text: string, link: string): CatalogPage {
  const names = namesOf(text);
  if (names === undefined) throw new CatalogFailure('a page of the catalog is not what it should be');
  return { names, more: /rel="?next\b/.test(link) };
}

/** distribution writes `null` if there are no names. */
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
