import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRouter } from '../../src/pipeline/handler.ts';
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { appOptions } from '../support/app-options.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: read(join('src', path)) }));

/** Where a word stands in the sources, comments included. */
const filesWith = (word: RegExp): readonly string[] =>
  sources.filter(({ text }) => word.test(text)).map(({ path }) => path);

describe('R5: the fields of a request', () => {
  it.each(['headersDistinct', 'trailersDistinct'])(
    'are read by no getter that a field named __proto__ breaks: %s',
    (getter) => {
      expect(filesWith(new RegExp(`\\b${getter}\\b`))).toEqual([]);
    },
  );
});

describe('R7: what libraries would do more than they are asked to', () => {
  it.each([
    ['routing by a part of Host', /\brouter:/],
    ['bodies written anew', /\bfixRequestBody\b/],
    ['redirects that are followed', /\bfollowRedirects\b/],
    ['redirects that are rewritten', /\bautoRewrite\b|\bhostRewrite\b|\bprotocolRewrite\b/],
    ['WebSockets', /\bws:\s*true/],
    ['a body parser', /\bexpress\.(?:json|urlencoded|raw|text)\b/],
    ['a backend whose certificate nobody verifies', /\bsecure:\s*false/],
    ['a lenient parser', /insecureHTTPParser:\s*true/],
    ['code from text', /\beval\(|\bnew Function\(|\bshell:\s*true/],
  ])('is not there: %s', (_name, word) => {
    expect(filesWith(word)).toEqual([]);
  });

  it('is verification of certificates left out only where no secret is sent, and nothing is believed but what a fingerprint names', () => {
    expect(filesWith(/rejectUnauthorized:\s*false/).toSorted()).toEqual([
      // Asks the gate itself by loopback, sends no secret and believes no more than "ok".
      'app/ask-own-gate.ts',
      // Looks who answers and with which certificate, and sends no secret: what it finds is the doctor's finding.
      'doctor/facts/ask.ts',
      'pki/trust/authority-source.ts',
    ]);
  });

  it('Express reads no query, believes no proxy, tells nothing of itself, and takes a path as it is', () => {
    const options = appOptions({}, [], []);
    const pages = createRouter(options, createPipeline(options));
    const settings = [
      'query parser',
      'trust proxy',
      'x-powered-by',
      'etag',
      'case sensitive routing',
      'strict routing',
    ];
    expect(settings.map((name) => pages.get(name) as unknown)).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
  });
});

describe('R99d: the image', () => {
  it('is built from files that are named, and the certs directory is none of them', () => {
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines[0]).toBe('*');
    const named = lines.slice(1);
    expect(named.filter((line) => !/^![\w.-]+$/.test(line))).toEqual([]);
    expect(named.filter((line) => /cert|key|htpasswd|data|env/i.test(line))).toEqual([]);
  });

  it('runs as a user that is not root, by number', () => {
    const users = [...read('Dockerfile').matchAll(/^USER (.*)$/gm)].map((match) => match[1]);
    expect(users).toEqual(['1000:1000']);
  });
});
