import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCertificates } from '../../../src/pki/x509/certificate-file.ts';
import { anchorOf, orderChain } from '../../../src/pki/x509/chain.ts';
import { judgeChain } from '../../../src/pki/x509/client-verdicts.ts';
import { CLIENTS, cureOf, describeRefusal, type Refusal } from '../../../src/pki/x509/refusal.ts';
import { certificatePaths } from '../../../src/pki/authority/cert-store.ts';
import { CLIENT_CASES, type Material } from '../client-cases.ts';
import { SERVER, craft, keys } from '../craft.ts';

const now = new Date();

function judge({ authority, chain, key }: Material): readonly Refusal[] {
  const ordered = orderChain(parseCertificates(chain, 'domain.crt'), key, now);
  if (ordered === undefined) throw new Error('the key belongs to none of them');
  const found = anchorOf(ordered.chain, [new X509Certificate(authority)], () => undefined);
  return judgeChain(found, now);
}

describe('judgeChain', () => {
  it.each(CLIENT_CASES)(
    '$name is refused by $refusedBy',
    ({ make, refusedBy, role = 'certificate', says = / / }) => {
      const refusals = judge(make());
      const clients = CLIENTS.filter((client) =>
        refusals.some((refusal) => refusal.clients.includes(client)),
      );
      expect(clients).toEqual(refusedBy);
      if (refusedBy.length === 0) return;
      expect(refusals).toEqual([{ ...refusals[0], role, fault: expect.stringMatching(says) }]);
    },
  );

  it('says what docs/certificates.md says', () => {
    const order = ['go', 'curl', 'openssl', 'node', 'gnutls', 'strict'] as const;
    const rows = CLIENT_CASES.filter(({ refusedBy }) => refusedBy.length > 0).map(
      ({ name, refusedBy }) =>
        `| ${[name, ...order.map((client) => (refusedBy.includes(client) ? 'x' : '-'))].join(' | ')} |`,
    );
    const page = readFileSync(resolve(import.meta.dirname, '../../../docs/certificates.md'), 'utf8');
    expect([...page.matchAll(/^\| an? .*\|$/gm)].map(([row]) => row)).toEqual(rows);
  });

  it('takes a root that this machine trusts for one that clients trust', () => {
    const root = craft({ name: 'public', extensions: [] });
    const made = craft({ name: 'leaf', issuer: root, extensions: SERVER, key: keys.ec() });
    const leaf = new X509Certificate(made.pem);
    const found = anchorOf([leaf], [], () => new X509Certificate(root.pem));
    expect(found).toMatchObject({ hasRoot: true, intermediates: [] });
    expect(
      judgeChain(
        anchorOf([leaf], [], () => undefined),
        now,
      ),
    ).toMatchObject([{ isMissing: true }]);
  });
});

describe('the words of a refusal', () => {
  const paths = certificatePaths('certs');
  const refusal = { role: 'CA', fault: 'is old', clients: ['strict'] } as const;

  it.each([
    [CLIENTS, 'every client refuses it'],
    [
      ['curl', 'openssl', 'node', 'gnutls', 'strict'],
      'every client but docker, podman, skopeo and other Go programs refuses it',
    ],
    [['go'], 'docker, podman, skopeo and other Go programs refuse it'],
    [['curl', 'node'], 'curl and Node.js refuse it'],
    [['gnutls', 'node', 'strict'], 'programs with GnuTLS, Node.js and Python 3.13 and newer refuse it'],
  ] as const)('name %j', (clients, words) => {
    expect(describeRefusal({ ...refusal, clients }, paths)).toBe(`certs/ca.crt is old: ${words}.`);
  });

  it('quote what a shell would read otherwise', () => {
    const present = [paths.authorityKey, paths.authorityCertificate, paths.certificate];
    const names = ['*.a.lan', '10.0.0.5'];
    const cure = cureOf(refusal, { paths, present, names, isDefault: true, canRenew: true });
    expect(cure).toContain(
      "mkdir -p certs/old && mv certs/ca.key certs/ca.crt certs/domain.crt certs/old && registry-gate certs init --host '*.a.lan' --host 10.0.0.5",
    );
  });
});
