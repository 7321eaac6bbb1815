import { describe, expect, it } from 'vitest';
import { CLIENTS, stepsFor, type Connection } from '../../../src/pages/connect/clients.ts';
import { TRUST_SCRIPTS } from '../../../src/pki/trust/trust-scripts.ts';
import { createOwnerPages } from '../../support/owner-pages.ts';

const CONNECTION: Connection = {
  host: 'registry.lan:5000',
  fingerprint: '784d0968'.repeat(8),
  user: 'alice',
  repository: 'team/app',
};

function linesOf(client: (typeof CLIENTS)[number], change: Partial<Connection> = {}): readonly string[] {
  return stepsFor(client, { ...CONNECTION, ...change }).flatMap(({ commands }) => commands);
}

describe('the commands that connect a machine', () => {
  it.each(CLIENTS)('%s: hold the host with its port, and check the CA before they trust it', (client) => {
    const steps = stepsFor(client, CONNECTION);
    expect(steps[0]).toMatchObject({ kind: 'fetch', notes: ['compare'] });
    expect(steps.map(({ kind }) => kind).lastIndexOf('trust')).toBeLessThan(
      steps.findIndex(({ kind }) => kind === 'sign-in'),
    );
    expect(steps.at(-1)?.commands.join(' ')).toContain('registry.lan:5000/team/app');
  });

  it.each(CLIENTS)('%s: trust nothing where the certificate is not from a CA of the gate', (client) => {
    const steps = stepsFor(client, { ...CONNECTION, fingerprint: undefined });
    expect(steps[0]?.kind).toBe('sign-in');
    expect(steps.flatMap(({ commands }) => commands).join('\n')).not.toMatch(/ca\.crt|trust\.sh|-k /);
  });

  it.each(['docker', 'docker-rootless', 'podman', 'containerd', 'helm', 'skopeo'] as const)(
    '%s: call the script by words that it knows',
    (client) => {
      const [, script = ''] =
        /trust\.sh \| (?:sudo )?sh -s -- (.*)$/.exec(
          linesOf(client).find((line) => line.includes('trust.sh')) ?? '',
        ) ?? [];
      const [kind, host, fingerprint, ...more] = script.split(' ');
      expect(TRUST_SCRIPTS['/trust.sh'].text).toMatch(new RegExp(`CLIENT is [^.]*\\b${kind}\\b`));
      expect([host, fingerprint, more]).toEqual(['registry.lan:5000', CONNECTION.fingerprint, []]);
    },
  );

  it.each([
    ['alice', 'docker login -u alice registry.lan:5000'],
    ["o'neil; rm -rf /", String.raw`docker login -u 'o'\''neil; rm -rf /' registry.lan:5000`],
    ['$(id)', "docker login -u '$(id)' registry.lan:5000"],
    ['-x', "docker login -u '-x' registry.lan:5000"],
  ])('quote the name %s for a shell', (user, expected) => {
    expect(linesOf('docker', { user })).toContain(expected);
  });
});

describe('the page that connects a machine', () => {
  it.each(CLIENTS)('has a page for %s, in both languages', async (client) => {
    const pages = createOwnerPages({ user: 'alice' });
    for (const language of ['en', 'ko']) {
      const { status, text } = await pages.get(`/connect?client=${client}`, language);
      expect([status, text.includes('data-copy=')]).toEqual([200, true]);
    }
  });

  it('shows the fingerprint as openssl prints it', async () => {
    const { text } = await createOwnerPages({ user: 'alice' }).get('/connect');
    expect(text).toContain(Array.from({ length: 32 }, () => 'AB').join(':'));
  });

  it('says that a certificate of another CA needs no step', async () => {
    const { text } = await createOwnerPages({ user: 'alice', authority: undefined }).get('/connect');
    expect(text).toContain('there is nothing to install');
  });

  it('is for whoever may see pages, not for owners alone', async () => {
    expect((await createOwnerPages().get('/connect')).status).toBe(303);
  });
});
