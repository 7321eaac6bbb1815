import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine, EnginePrograms } from '../support/engine.ts';
import { ENGINE_NEEDS, NEWER_ENGINE, SYSTEM_ENGINE, startEngine } from '../support/engine.ts';
import { gateDoes } from '../support/gate-process.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import type { Ran } from '../support/programs.ts';
import type { ClientSession, ClientActions } from '../support/rights-client-session.ts';
import { openClientSession, readLogIn, there } from '../support/rights-client-session.ts';
import { dockerAt, dockerLogin, dockerSkills } from '../support/rights-docker.ts';
import { endsAs, newestDevice, waysOf } from '../support/rights-expectations.ts';
import type { Holding, RightsGate } from '../support/rights-gate.ts';
import { RULES, RULES_WITHOUT_DEV, openRightsGate } from '../support/rights-gate.ts';
import { EXPECTED, expectedOf, fill, isThere, tryAll, verdictOf, type Row } from '../support/rights-table.ts';
import { describeWith } from '../support/requires.ts';

interface Case {
  readonly name: string;
  readonly programs: EnginePrograms;
  readonly containerd: boolean;
}

const CASES: readonly Case[] = [
  { name: "the system's Docker engine", programs: SYSTEM_ENGINE, containerd: false },
  { name: 'a newer Docker engine', programs: NEWER_ENGINE, containerd: false },
  {
    name: 'a newer Docker engine with the containerd store',
    programs: NEWER_ENGINE,
    containerd: true,
  },
];

type Unusual = Partial<Record<Holding, Partial<Row>>>;

/** A token that does not do is a 401, and engines call it denied; they add that a login may help. */
const USUAL: Unusual = { none: { pullPrivate: 'denied', push: 'denied' } };

/** containerd asks without credentials first, and need not show them where everybody may. */
const SHY: Unusual = {
  ...USUAL,
  'wrong password': { pullPublic: 'done' },
  'ci token': { pullPublic: 'done' },
  'revoked token': { pullPublic: 'done' },
};

/** All three are machines behind the same cable, one after the other: they need no network of their own. */
const SETTINGS = { bridge: 'none', iptables: false, ip6tables: false };

describeWith(['docker-registry', 'curl', ...ENGINE_NEEDS], 'rights with Docker engines', () => {
  let namespace: Namespace;
  let fixture: RightsGate;

  beforeAll(async () => {
    namespace = await createNamespace();
    fixture = await openRightsGate({ address: namespace.outside });
    await gateDoes(['certs', 'trust', '--for', 'docker', '--certs', fixture.certs, fixture.name]);
    await fill(fixture, []);
  });
  afterAll(async () => {
    if (fixture !== undefined)
      await rm(`/etc/docker/certs.d/${fixture.name}`, { recursive: true, force: true });
    await fixture?.close();
    await namespace?.close();
  });

  for (const { name, programs, containerd } of CASES) {
    const unusual = containerd ? SHY : USUAL;
    describeWith([programs.dockerd, programs.docker], name, () => {
      let engine: Engine;
      let skills: ClientActions;
      let slug: string;

      beforeAll(async () => {
        const features = { 'containerd-snapshotter': true };
        engine = await startEngine({
          namespace,
          programs,
          settings: containerd ? { ...SETTINGS, features } : SETTINGS,
          // With this store an engine asks for tokens with the trust of the system alone.
          env: containerd ? { SSL_CERT_FILE: fixture.caFile } : {},
        });
        skills = await dockerSkills(engine);
        slug = `engine-${CASES.findIndex((other) => other.name === name)}`;
      });
      afterAll(() => engine?.close());

      const sessionOf = (holding: Holding): Promise<ClientSession> =>
        openClientSession(fixture, fixture.credentials[holding]);
      /** A client session that has signed in. */
      const signedIn = async (holding: Holding): Promise<ClientSession> => {
        const topicHandlers = await sessionOf(holding);
        const ran = await dockerLogin(engine, topicHandlers, topicHandlers.fresh);
        expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('Login Succeeded') });
        return { ...topicHandlers, folder: topicHandlers.fresh };
      };

      it.each(EXPECTED)('with %s', async (holding, usual) => {
        const row = await tryAll(fixture, name, skills, holding);
        expect(row).toEqual(expectedOf(skills, usual, unusual[holding]));
      });

      it('tells somebody who has not signed in that this may help', async () => {
        const ran = await skills.pull(await sessionOf('none'), 'team/app:1');
        expect(ran.output).toMatch(/docker login/);
      });

      it('keeps no password on disk, and works with what it keeps', async () => {
        const topicHandlers = await signedIn('alice');
        const kept = await readLogIn(topicHandlers.folder, fixture);
        expect(kept.identitytoken).toMatch(/^rgi_/);
        expect(Buffer.from(kept.auth ?? '', 'base64').toString()).toMatch(/^(alice:)?$/);
        const file = await readFile(join(topicHandlers.folder, 'config.json'), 'utf8');
        expect(file).not.toContain(topicHandlers.who?.password);
        const works = async (): Promise<void> => {
          expect(verdictOf(await skills.push(topicHandlers, `team/device-${slug}:1`))).toBe('done');
          expect(verdictOf(await skills.pull(topicHandlers, 'team/app:1'))).toBe('done');
        };
        await works();
        await fixture.restart();
        await works();

        const device = await newestDevice(fixture, 'alice');
        expect(device).toMatchObject({ client: 'docker', address: namespace.inside });
        await fixture.tokens('revoke', device.id);
        await endsAs(() => skills.pull(topicHandlers, 'team/app:1'), 'sign in');
        expect(verdictOf(await skills.push(topicHandlers, `team/device-${slug}:2`))).toBe('sign in');
        expect(await isThere(fixture, `team/device-${slug}:2`)).toBe(false);
      });

      it('keeps a password where identity tokens are switched off', async () => {
        await fixture.restart({ auth: { identityTokens: false } });
        const topicHandlers = await signedIn('alice');
        const kept = await readLogIn(topicHandlers.folder, fixture);
        expect(kept.identitytoken).toBeUndefined();
        const basic = `alice:${topicHandlers.who?.password}`;
        expect(Buffer.from(kept.auth ?? '', 'base64').toString()).toBe(basic);
        expect(verdictOf(await skills.pull(topicHandlers, 'team/app:1'))).toBe('done');
        await fixture.restart();
      });

      it('follows the rules while it is signed in', async () => {
        const topicHandlers = await signedIn('alice');
        const push = (): Promise<Ran> => skills.push(topicHandlers, `team/rules-${slug}:1`);
        expect(verdictOf(await push())).toBe('done');
        await fixture.setRules(RULES_WITHOUT_DEV);
        await endsAs(push, 'denied');
        expect(verdictOf(await skills.pull(topicHandlers, 'team/app:1'))).toBe('denied');
        await fixture.setRules(RULES);
        await endsAs(push, 'done');
      });

      it.each([
        { what: 'mounts a layer from where one may read', pusher: 'sam', place: 'secret', not: 'mount 202' },
        { what: 'uploads a layer from where one may not', pusher: 'alice', place: 'team', not: 'mount 201' },
      ] as const)('$what', async ({ pusher: holding, place, not }) => {
        const [reader, pusher] = [await sessionOf('sam'), await sessionOf(holding)];
        const [from, to] = [there(reader, 'secret/plan:1'), there(reader, `${place}/mounted-${slug}:1`)];
        for (const args of [
          ['pull', from],
          ['tag', from, to],
        ]) {
          expect(await dockerAt(engine, reader, ...args)).toMatchObject({ status: 0 });
        }
        expect(await dockerAt(engine, pusher, 'push', to)).toMatchObject({ status: 0 });
        expect(await isThere(fixture, `${place}/mounted-${slug}:1`)).toBe(true);
        const way = not === 'mount 202' ? 'mount 201' : 'upload 202';
        const ways = await waysOf(fixture, `${place}/mounted-${slug}`, [way]);
        expect(ways).toContain(way);
        expect(ways).not.toContain(not);
        for (const name of [from, to]) await engine.must(['rmi', name]);
      });
    });
  }
});
