import { HOST, base, denied, forwarded, get, raw, refused, type HostileCase } from './hostile-case.ts';
import { ODD_BYTES } from './odd-bytes.ts';

const ODD = Object.entries(ODD_BYTES);

/** Fields that go on to the registry: good text with the odd bytes before, within and behind. */
const FORWARDED: readonly (readonly [name: string, value: string])[] = [
  ['Accept', 'application/json'],
  ['Accept-Encoding', 'gzip'],
  ['Cache-Control', 'no-cache'],
  ['Content-Range', '0-4'],
  ['Docker-Content-Digest', 'sha256:aa'],
  ['If-Match', '"a"'],
  ['If-Modified-Since', 'Sat, 01 Jan 2000 00:00:00 GMT'],
  ['If-None-Match', '"a"'],
  ['If-Range', '"a"'],
  ['If-Unmodified-Since', 'Sat, 01 Jan 2000 00:00:00 GMT'],
  ['OCI-Chunk-Min-Length', '1'],
  ['Range', 'bytes=0-1'],
];

function around(value: string, bytes: string): readonly string[] {
  const middle = value.length >> 1;
  return [bytes + value, value.slice(0, middle) + bytes + value.slice(middle), value + bytes];
}

/** The nth field is tried at one place with each kind of bytes: all places are met, and all fields. */
export const oddFields: readonly HostileCase[] = FORWARDED.flatMap(([name, value], nth) =>
  ODD.map(([about, bytes], kind): HostileCase => ({
    id: name,
    about,
    bytes: base(`${name}: ${around(value, bytes)[(nth + kind) % 3]}`),
    expected: refused(400),
  })),
);

/** The framing, the host and the expectation have a grammar of their own. */
export const oddFraming: readonly HostileCase[] = ODD.flatMap(([about, bytes]) => [
  {
    id: 'Transfer-Encoding',
    about,
    bytes: raw('POST /v2/a/blobs/uploads/ HTTP/1.1', [HOST, `Transfer-Encoding: ${bytes}chunked`]),
    expected: refused(400),
  },
  { id: 'Host', about, bytes: raw('GET /v2/ HTTP/1.1', [`Host: local${bytes}host`]), expected: refused(400) },
]);

/** What goes no further may hold anything; what is only for people to read goes on without the odd bytes. */
export const oddStrangers: readonly HostileCase[] = ODD.filter(([about]) => about !== 'a tab').flatMap(
  ([about, bytes]) => [
    { id: 'X-Anything', about, bytes: base(`X-Anything: a${bytes}b`), expected: forwarded() },
    { id: 'User-Agent', about, bytes: base(`User-Agent: a${bytes}b`), expected: forwarded() },
  ],
);

/** As they stand they are no target; escaped, they are no name. */
export const oddTargets: readonly HostileCase[] = ODD.filter(([about]) => about !== 'a tab').flatMap(
  ([about, bytes]) => [
    { id: 'a path', about, bytes: get(`/v2/a${bytes}/tags/list`), expected: refused(400) },
    { id: 'a query', about, bytes: get(`/v2/_catalog?n=${bytes}5`), expected: refused(400) },
    { id: 'an escaped path', about, bytes: get(`/v2/a${escaped(bytes)}/tags/list`), expected: refused(400) },
    {
      id: 'an escaped key',
      about,
      bytes: get(`/v2/_catalog?${escaped(bytes)}n=5`),
      expected: denied(400),
    },
    {
      id: 'an escaped number',
      about,
      bytes: get(`/v2/_catalog?n=${escaped(bytes)}5`),
      expected: forwarded('/v2/_catalog'),
    },
  ],
);

function escaped(bytes: string): string {
  return [...bytes].map((byte) => `%${byte.charCodeAt(0).toString(16)}`).join('');
}
