import { AFTER, FRAMING, INTERIM, ODD_FIELDS, PAYLOADS, STATUS_LINES } from './answer-mutations.ts';
import type { Input } from './compare-verdicts.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const LENGTH = 'Content-Length: 2\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** Answers as registries and what stands before them give. */
const REAL = [
  `${OK}Content-Length: 2\r\nContent-Type: application/json; charset=utf-8\r\nDocker-Distribution-Api-Version: registry/2.0\r\nX-Content-Type-Options: nosniff\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\n{}`,
  `${OK}Accept-Ranges: bytes\r\nCache-Control: max-age=31536000\r\nContent-Length: 5\r\nContent-Type: application/octet-stream\r\nDocker-Content-Digest: sha256:2cf24dba\r\nEtag: "sha256:2cf24dba"\r\n\r\nhello`,
  'HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 1-2/5\r\n\r\nel',
  'HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n--x\r\n0\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nEtag: "sha256:2cf24dba"\r\nDocker-Content-Digest: sha256:2cf24dba\r\n\r\n',
  'HTTP/1.1 307 Temporary Redirect\r\nLocation: https://store.example/a?b=c\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  'HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */5\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno',
  `${OK}${CHUNKED}Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
  `${OK}Connection: upgrade\r\nUpgrade: h2c\r\n${LENGTH}\r\nok`,
  `${OK}Connection: upgrade\r\nUpgrade: h2c\r\n${CHUNKED}\r\n2\r\nok\r\n0\r\n\r\n`,
  `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${LENGTH}\r\nok`,
  'HTTP/1.0 204 No Content\r\nConnection: keep-alive\r\n\r\nHTTP/1.0 200 OK\r\n\r\n',
  `${OK}Connection: close\r\n${LENGTH}\r\nok and more`,
  `${OK}\r\n${OK}\r\n`,
  `${OK}${LENGTH}\r\nok${OK}${LENGTH}\r\nno`,
  `${OK}Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n${LENGTH}\r\nok`,
  `${OK}Link: </v2/a>; rel="next"\r\nLink: </v2/b>\r\n${LENGTH}\r\nok`,
];

/** Every odd piece once, in an answer that is good but for it; each as the answer to GET and to HEAD. */
export const corpus: readonly Input[] = [
  ...REAL,
  ...STATUS_LINES.flatMap((line) => [
    `${line}\r\n${LENGTH}\r\nok`,
    `${line}\r\n${CHUNKED}\r\n2\r\nok\r\n0\r\n\r\n`,
  ]),
  ...FRAMING.flatMap(([name, value]) => [
    `${OK}${name}:${value}\r\n\r\nok`,
    `${OK}${name}:${value}\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    `${OK}${LENGTH}${name}:${value}\r\n\r\nok`,
    `${OK}${name}:${value}\r\n${LENGTH}\r\nok`,
    `${OK}${CHUNKED}${name}:${value}\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    `${OK}${name}:${value}\r\n${CHUNKED}\r\n2\r\nok\r\n0\r\n\r\n`,
    `HTTP/1.1 204 No\r\n${name}:${value}\r\n\r\nok`,
    `HTTP/1.1 304 No\r\n${name}:${value}\r\n\r\nok`,
    `HTTP/1.0 200 OK\r\n${name}:${value}\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    `HTTP/1.1 103 Hints\r\n${name}:${value}\r\n\r\n${OK}${LENGTH}\r\nok`,
  ]),
  ...ODD_FIELDS.flatMap(([name, value]) => [
    `${OK}${name}:${value}\r\n${LENGTH}\r\nok`,
    `${OK}Location: /v2/x\r\nETag: "x"\r\nContent-Type: x\r\n${LENGTH}${name}:${value}\r\n\r\nok`,
    `${OK}${CHUNKED}\r\n2\r\nok\r\n0\r\n${name}:${value}\r\n\r\n`,
  ]),
  ...PAYLOADS.map((payload) => `${OK}${CHUNKED}\r\n${payload}`),
  ...INTERIM.map((interim) => `${interim}${OK}${LENGTH}\r\nok`),
  ...AFTER.flatMap((more) => [
    `${OK}${LENGTH}\r\nok${more}`,
    `${OK}${CHUNKED}\r\n2\r\nok\r\n0\r\n\r\n${more}`,
    `HTTP/1.1 304 No\r\n\r\n${more}`,
    `${OK}Connection: close\r\n${LENGTH}\r\nok${more}`,
  ]),
].flatMap((text) => {
  const bytes = Buffer.from(text, 'latin1');
  return [
    { method: 'GET', bytes },
    { method: 'HEAD', bytes },
  ];
});
