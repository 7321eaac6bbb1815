import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificates } from '../../src/certs/certificate-file.ts';
import { anchorOf, orderChain } from '../../src/certs/chain.ts';
import { judgeChain } from '../../src/certs/client-verdicts.ts';
import type { Refusal } from '../../src/certs/refusal.ts';
import { CLIENTS, cureOf, describeRefusal } from '../../src/certs/refusal.ts';
import { certificatePaths } from '../../src/certs/cert-store.ts';
import { CLIENT_CASES } from './client-cases.ts';
import type { Material } from './client-cases.ts';
import { SERVER, craft, keys } from './craft.ts';

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
    const cure = cureOf(refusal, { paths, names: ['*.a.lan', '10.0.0.5'], isDefault: true, canRenew: true });
    expect(cure).toContain(
      "mkdir -p certs/old && mv certs/ca.* certs/domain.* certs/old && registry-gate certs init --host '*.a.lan' --host 10.0.0.5",
    );
  });
});
