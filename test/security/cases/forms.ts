import { HOST, UPLOADS, denied, forwarded, post, raw, type HostileCase } from './hostile-case.ts';
import { ODD_BYTES } from './odd-bytes.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const BODY = `mount=${DIGEST.replace(':', '%3A')}&from=secret`;
const FORM = 'application/x-www-form-urlencoded';

/** Go's FormValue takes `mount` and `from` from a form body in preference to the query that was authorised. */
const upload = (type: string, about?: string): HostileCase => ({
  id: `Content-Type: ${type}`,
  ...(about === undefined ? {} : { about }),
  bytes: post([`Content-Type: ${type}`, `Content-Length: ${BODY.length}`], BODY),
  expected: forwarded(UPLOADS, BODY),
});

/** Whatever its client calls it, an upload goes on as `application/octet-stream`. */
export const formBodies: readonly HostileCase[] = [
  ...[
    FORM,
    FORM.toUpperCase(),
    `${FORM}; charset=utf-8`,
    `${FORM};`,
    `\t${FORM}`,
    'multipart/form-data; boundary=x',
    'Multipart/Mixed',
    'multipart/form-data',
    `${FORM} ;a=b`,
    `${FORM}, text/plain`,
    'mult\xc4\xb0part/form-data; boundary=x',
    'appl\xc4\xb0cation/x-www-form-urlencoded',
    'application/octet-stream',
    'nonsense',
    '',
  ].map((type) => upload(type)),
  ...Object.entries(ODD_BYTES).flatMap(([about, bytes]) => [
    upload(`${bytes}${FORM}`, `${about} before`),
    upload(`${FORM}${bytes}`, `${about} behind`),
    upload(`${FORM.slice(0, 4)}${bytes}${FORM.slice(5)}`, `${about} within`),
  ]),
  {
    id: 'a form in chunks',
    bytes: post([`Content-Type: ${FORM}`, 'Transfer-Encoding: chunked'], '5\r\nfrom=\r\n0\r\n\r\n'),
    expected: forwarded(UPLOADS, 'from='),
  },
  {
    id: 'a form that ends an upload',
    bytes: raw(
      `PUT /v2/a/blobs/uploads/x?digest=${DIGEST} HTTP/1.1`,
      [HOST, `Content-Type: ${FORM}`, 'Content-Length: 5'],
      'hello',
    ),
    expected: forwarded(`/v2/a/blobs/uploads/x?digest=${DIGEST}`, 'hello'),
  },
  {
    id: 'a form that goes on with an upload',
    bytes: raw(
      'PATCH /v2/a/blobs/uploads/x HTTP/1.1',
      [HOST, `Content-Type: ${FORM}`, 'Content-Length: 5'],
      'hello',
    ),
    expected: forwarded('/v2/a/blobs/uploads/x', 'hello'),
  },
  {
    id: 'a form without a body',
    bytes: post([`Content-Type: ${FORM}`, 'Content-Length: 0']),
    expected: forwarded(UPLOADS),
  },
  {
    id: 'a form in an empty chunked body',
    bytes: post(['Content-Type: multipart/form-data; boundary=x', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    expected: forwarded(UPLOADS),
  },
  {
    id: 'a manifest of 5 MiB',
    bytes: raw('PUT /v2/a/manifests/x HTTP/1.1', [HOST, 'Content-Length: 5242880']),
    expected: denied(413),
  },
];

const manifest = (type: string, expected = denied(400), about?: string): HostileCase => ({
  id: `a manifest as ${type}`,
  ...(about === undefined ? {} : { about }),
  bytes: raw('PUT /v2/a/manifests/x HTTP/1.1', [HOST, `Content-Type: ${type}`, 'Content-Length: 5'], 'hello'),
  expected,
});

/** A registry stores a manifest under the type that it reads: it gets the one that was read here. */
export const manifestTypes: readonly HostileCase[] = [
  manifest('multipart/x', denied(415)),
  manifest(FORM, denied(415)),
  manifest(`${FORM.toUpperCase()};a`, denied(415)),
  manifest('Application/JSON; charset=utf-8', forwarded('/v2/a/manifests/x', 'hello')),
  manifest('', forwarded('/v2/a/manifests/x', 'hello')),
  manifest('nonsense'),
  manifest('application/json, text/plain'),
  manifest('application /json'),
  manifest('application/'),
  ...Object.entries(ODD_BYTES)
    .filter(([about]) => about !== 'a tab')
    .map(([about, bytes]) => manifest(`${bytes}application/json`, denied(400), about)),
];
