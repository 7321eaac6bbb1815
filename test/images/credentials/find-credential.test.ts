import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/images/credentials/credential.ts';
import { createCredentialFinder } from '../../../src/images/credentials/find-credential.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('credentials');
});
afterAll(() => folder.close());

const auth = (user: string, password = `${user}-pw`): object => ({
  auth: Buffer.from(`${user}:${password}`).toString('base64'),
});

/** `alice:alice-pw`, or `identity:TOKEN`. */
function plain(credential: Credential | undefined): string | undefined {
  if (credential === undefined) return undefined;
  return credential.kind === 'identity'
    ? `identity:${credential.token.reveal()}`
    : `${credential.user}:${credential.password.reveal()}`;
}

async function home(name: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), typeof content === 'string' ? content : JSON.stringify(content));
    if (file.startsWith('bin/')) await chmod(join(path, file), 0o755);
  }
  return path;
}

const DOCKER = '.docker/config.json';
const PODMAN = '.config/containers/auth.json';
const HELPER = `#!/bin/sh
read -r server || true
case $1:$server in
  get:helped.lan) echo '{"ServerURL":"helped.lan","Username":"helper","Secret":"helper-pw"}' ;;
  get:https://index.docker.io/v1/) echo '{"Username":"<token>","Secret":"hub-token"}' ;;
  get:broken.lan) echo 'the key ring is locked'; exit 1 ;;
  get:noise.lan) echo 'not json' ;;
  get:endless.lan) while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`;

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, unknown>>;
  readonly registry?: string;
  readonly repository?: string;
  readonly env?: (home: string) => Readonly<Record<string, string>>;
  readonly expected: string | undefined;
}

const CASES: readonly Case[] = [
  { name: 'no files', files: {}, expected: undefined },
  { name: 'an empty file', files: { [DOCKER]: '' }, expected: undefined },
  {
    name: "docker's file",
    files: { [DOCKER]: { auths: { 'registry.lan': auth('alice') } } },
    expected: 'alice:alice-pw',
  },
  {
    name: 'a password with colons',
    files: { [DOCKER]: { auths: { 'registry.lan': auth('alice', 'a:b:c') } } },
    expected: 'alice:a:b:c',
  },
  {
    name: 'an address of version 1',
    files: { [DOCKER]: { auths: { 'https://registry.lan/v1/': auth('alice') } } },
    expected: 'alice:alice-pw',
  },
  {
    name: 'username and password',
    files: { [DOCKER]: { auths: { 'registry.lan': { username: 'alice', password: 'pw' } } } },
    expected: 'alice:pw',
  },
  {
    name: 'an identity token',
    files: { [DOCKER]: { auths: { 'registry.lan': { ...auth('alice', ''), identitytoken: 'id' } } } },
    expected: 'identity:id',
  },
  {
    name: 'an entry of a store',
    files: { [DOCKER]: { auths: { 'registry.lan': {} } } },
    expected: undefined,
  },
  {
    name: 'another registry, whose name begins alike',
    files: { [DOCKER]: { auths: { 'registry.lan.evil': auth('mallory'), 'registry.la': auth('mallory') } } },
    expected: undefined,
  },
  {
    name: 'another port',
    files: { [DOCKER]: { auths: { 'registry.lan:5000': auth('mallory') } } },
    expected: undefined,
  },
  {
    name: 'Docker Hub',
    files: { [DOCKER]: { auths: { 'https://index.docker.io/v1/': auth('hub') } } },
    registry: 'docker.io',
    expected: 'hub:hub-pw',
  },
  {
    name: 'the longest path',
    files: {
      [PODMAN]: {
        auths: {
          'registry.lan': auth('all'),
          'registry.lan/team': auth('team'),
          'registry.lan/team/app2': auth('no'),
        },
      },
    },
    expected: 'team:team-pw',
  },
  {
    name: "podman's file before docker's",
    files: {
      [PODMAN]: { auths: { 'registry.lan': auth('podman') } },
      [DOCKER]: { auths: { 'registry.lan': auth('docker') } },
    },
    expected: 'podman:podman-pw',
  },
  {
    name: "docker's file where podman's has nothing",
    files: { [PODMAN]: { auths: {} }, [DOCKER]: { auths: { 'registry.lan': auth('docker') } } },
    expected: 'docker:docker-pw',
  },
  {
    name: 'DOCKER_CONFIG',
    files: { 'elsewhere/config.json': { auths: { 'registry.lan': auth('alice') } } },
    env: (path) => ({ DOCKER_CONFIG: join(path, 'elsewhere') }),
    expected: 'alice:alice-pw',
  },
  {
    name: 'REGISTRY_AUTH_FILE alone',
    files: { 'mine.json': { auths: {} }, [DOCKER]: { auths: { 'registry.lan': auth('docker') } } },
    env: (path) => ({ REGISTRY_AUTH_FILE: join(path, 'mine.json') }),
    expected: undefined,
  },
  {
    name: 'XDG_RUNTIME_DIR first',
    files: {
      'run/containers/auth.json': { auths: { 'registry.lan': auth('run') } },
      [PODMAN]: { auths: { 'registry.lan': auth('no') } },
    },
    env: (path) => ({ XDG_RUNTIME_DIR: join(path, 'run') }),
    expected: 'run:run-pw',
  },
  {
    name: 'a helper of the registry',
    files: { [DOCKER]: { credHelpers: { 'helped.lan': 'test' } }, 'bin/docker-credential-test': HELPER },
    registry: 'helped.lan',
    expected: 'helper:helper-pw',
  },
  {
    name: 'a store, with an identity token of Docker Hub',
    files: { [DOCKER]: { credsStore: 'test' }, 'bin/docker-credential-test': HELPER },
    registry: 'docker.io',
    expected: 'identity:hub-token',
  },
  {
    name: 'a store that has nothing, and the file that has',
    files: {
      [DOCKER]: { credsStore: 'test', auths: { 'registry.lan': auth('alice') } },
      'bin/docker-credential-test': HELPER,
    },
    expected: 'alice:alice-pw',
  },
];

const FAILING: readonly (Omit<Case, 'expected'> & { readonly code: string; readonly words: string })[] = [
  { name: 'no JSON', files: { [DOCKER]: '{' }, code: 'FILE_UNREADABLE', words: 'not a JSON object' },
  {
    name: 'an auth that is none',
    files: { [DOCKER]: { auths: { 'registry.lan': { auth: 'c2VjcmV0' } } } },
    code: 'FILE_UNREADABLE',
    words: 'base64 of NAME:PASSWORD',
  },
  {
    name: 'a helper that is not installed',
    files: { [DOCKER]: { credHelpers: { 'registry.lan': 'missing' } } },
    code: 'SIGN_IN_FAILED',
    words: 'not installed',
  },
  {
    name: 'a helper whose name is a path',
    files: { [DOCKER]: { credHelpers: { 'registry.lan': '../../evil' } } },
    code: 'SIGN_IN_FAILED',
    words: 'not the name of one',
  },
  {
    name: 'a helper that fails',
    files: { [DOCKER]: { credHelpers: { 'broken.lan': 'test' } }, 'bin/docker-credential-test': HELPER },
    registry: 'broken.lan',
    code: 'SIGN_IN_FAILED',
    words: 'the key ring is locked',
  },
  {
    name: 'a helper that prints something else',
    files: { [DOCKER]: { credHelpers: { 'noise.lan': 'test' } }, 'bin/docker-credential-test': HELPER },
    registry: 'noise.lan',
    code: 'SIGN_IN_FAILED',
    words: 'not a JSON object',
  },
  {
    name: 'a helper that prints without end',
    files: { [DOCKER]: { credHelpers: { 'endless.lan': 'test' } }, 'bin/docker-credential-test': HELPER },
    registry: 'endless.lan',
    code: 'SIGN_IN_FAILED',
    words: 'more than',
  },
];

async function find(it: Omit<Case, 'expected'>): Promise<Credential | undefined> {
  const path = await home(it.name.replaceAll(/\W+/g, '-'), it.files);
  const env = { PATH: `${join(path, 'bin')}:${process.env['PATH']}`, ...it.env?.(path) };
  return createCredentialFinder({ home: path, env })(
    it.registry ?? 'registry.lan',
    it.repository ?? 'team/app',
  );
}

describe('stored sign-ins', () => {
  it.each(CASES)('$name', async (it) => {
    expect(plain(await find(it))).toBe(it.expected);
  });

  it.each(FAILING)('$name: $code', async ({ code, words, ...it }) => {
    await expect(find(it)).rejects.toMatchObject({ code, message: expect.stringContaining(words) as string });
  });

  it('print as nothing', async () => {
    const found = await find({
      name: 'printed',
      files: { [DOCKER]: { auths: { 'registry.lan': auth('alice') } } },
    });
    expect(JSON.stringify(found)).not.toContain('alice-pw');
  });
});
