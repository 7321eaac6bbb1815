import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BROWSER,
  mainOf,
  signInAt,
  startBrowser,
  type OpenBrowser,
  type Window,
} from '../support/browser.ts';
import { writeContext } from '../support/build-image.ts';
import { ENGINE_NEEDS, startEngine, type Engine } from '../support/engine.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { startPageGate, type PageGate } from '../support/page-gate.ts';
import { must, temporaryFolder, until, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { TEST_PASSWORD } from '../support/test-gate.ts';

const PLACES = [
  { name: 'the embedded registry', open: async () => ({ url: undefined, close: async () => undefined }) },
  { name: 'docker-registry', open: () => startRegistry() },
] as const;

const HELM = 'application/vnd.cncf.helm';
const SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const PROGRAMS = ['podman', 'skopeo', 'oras', 'dockerd', 'docker', 'docker-registry'];

let namespace: Namespace;
let engine: Engine;
let browser: OpenBrowser;

describeWith([BROWSER, ...PROGRAMS, ...ENGINE_NEEDS], 'what other programs pushed, on the pages', () => {
  beforeAll(async () => {
    namespace = await createNamespace();
    // The addresses of the namespace.
    engine = await startEngine({ namespace, settings: { 'insecure-registries': ['198.18.0.0/15'] } });
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await engine?.close();
    await namespace?.close();
  });

  describe.each(PLACES)('before $name', ({ open }) => {
    let place: Awaited<ReturnType<typeof open>>;
    let folder: Folder;
    let shown: PageGate;
    let window: Window;
    /** `HOST:PORT` for the programs here, and for the engine on its own machine. */
    let host: string;
    let distant: string;
    let podmanDigest: string;
    let dockerDigest: string;

    const at = (name: string): string => join(folder.path, name);
    const podman = (args: readonly string[]): Promise<string> =>
      must('podman', [
        '--storage-driver',
        'vfs',
        '--root',
        at('root'),
        '--runroot',
        at('run'),
        '--cgroup-manager',
        'cgroupfs',
        ...args,
      ]);
    const trust = (): readonly string[] => ['--cert-dir', at('trust'), '--creds', `alice:${TEST_PASSWORD}`];
    const oras = (args: readonly string[], authority = '--ca-file'): Promise<string> =>
      must('oras', [...args, authority, at('trust/ca.crt')], {
        cwd: folder.path,
        env: { DOCKER_CONFIG: folder.path },
      });

    beforeAll(async () => {
      place = await open();
      folder = await temporaryFolder('engines');
      shown = await startPageGate({
        ...(place.url !== undefined && { backend: place.url }),
        address: namespace.outside,
      });
      const [near, far] = shown.gate.gate.addresses;
      host = `127.0.0.1:${near?.port}`;
      distant = `${namespace.outside}:${far?.port}`;
      await mkdir(at('trust'));
      await writeFile(at('trust/ca.crt'), shown.gate.ca);
      await writeFile(
        at('config.json'),
        JSON.stringify({
          auths: { [host]: { auth: Buffer.from(`alice:${TEST_PASSWORD}`).toString('base64') } },
        }),
      );
      await writeContext(at('context'));
      await pushByPodman();
      await pushByDocker();
      await pushBySkopeo();
      await pushByOras();
      window = await browser.open(shown.base);
      await signInAt(window.page, 'alice', TEST_PASSWORD);
    });

    afterAll(async () => {
      await window?.close();
      await shown?.close();
      await place?.close();
      await folder?.close();
    });

    async function pushByPodman(): Promise<void> {
      const name = `${host}/team/podman:1`;
      await podman(['build', '--isolation', 'chroot', '--format', 'oci', '--tag', name, at('context')]);
      await podman(['push', ...trust(), name]);
      podmanDigest = await oras(['resolve', name]);
    }

    async function pushByDocker(): Promise<void> {
      const name = `${distant}/team/docker:1`;
      const env = { DOCKER_BUILDKIT: '0' };
      await engine.must(['build', '--tag', name, at('context')], { env });
      await engine.must(['login', '-u', 'alice', '--password-stdin', distant], { input: TEST_PASSWORD });
      await engine.must(['push', name]);
      dockerDigest = await oras(['resolve', `${host}/team/docker:1`]);
    }

    /** The layers of an archive have not been compressed yet: skopeo mounts those that a registry has, as they are. */
    async function pushBySkopeo(): Promise<void> {
      const login = `alice:${TEST_PASSWORD}`;
      const copy = (from: string, to: string, more: readonly string[]): Promise<string> =>
        must('skopeo', ['copy', '--insecure-policy', ...more, from, to]);
      const into = ['--dest-cert-dir', at('trust'), '--dest-creds', login];
      const zstd = ['--dest-compress-format', 'zstd', '--format', 'oci'];
      const archive = at('docker.tar');
      await engine.must(['save', '-o', archive, `${distant}/team/docker:1`]);
      await copy(`docker-archive:${archive}`, `docker://${host}/team/skopeo:zstd`, [...into, ...zstd]);
      const from = ['--src-cert-dir', at('trust'), '--src-creds', login];
      await copy(`docker://${host}/team/podman:1`, `oci:${at('layout')}:1`, from);
      await copy(`oci:${at('layout')}:1`, `docker://${host}/team/skopeo:oci`, into);
    }

    async function pushByOras(): Promise<void> {
      const write = (name: string, value: object): Promise<void> =>
        writeFile(at(name), JSON.stringify(value));
      await write('report.json', { made: 'by oras' });
      await write('sbom.json', { spdxVersion: 'SPDX-2.3', name: 'an SBOM by oras' });
      await write('chart.json', { name: 'web', version: '1.4.0', apiVersion: 'v2' });
      await writeFile(at('web-1.4.0.tgz'), 'the chart');
      await write('image.json', {
        architecture: '',
        os: '',
        config: {},
        rootfs: { type: 'layers', diff_ids: [] },
      });
      await write('payload.json', { critical: { image: { 'docker-manifest-digest': podmanDigest } } });
      await write('bundle.json', { mediaType: BUNDLE, messageSignature: {} });
      await write('annotations.json', {
        'payload.json': { 'dev.cosignproject.cosign/signature': 'MEUCIQ' },
      });
      const type = (name: string): readonly string[] => ['--artifact-type', name];
      await oras([
        'push',
        `${host}/tools/report:1`,
        ...type('application/vnd.example.report'),
        'report.json',
      ]);
      const sbom = 'application/spdx+json';
      await oras(['attach', `${host}/team/podman:1`, ...type(sbom), `sbom.json:${sbom}`]);
      await oras([
        'push',
        `${host}/charts/web:1.4.0`,
        '--config',
        `chart.json:${HELM}.config.v1+json`,
        `web-1.4.0.tgz:${HELM}.chart.content.v1.tar+gzip`,
      ]);
      // As `cosign sign` stores it under a tag, and as it stores a bundle by the list of referrers.
      const tag = `${podmanDigest.replace(':', '-')}.sig`;
      await oras([
        'push',
        `${host}/team/podman:${tag}`,
        '--config',
        `image.json:${CONFIG}`,
        '--annotation-file',
        'annotations.json',
        `payload.json:${SIMPLE}`,
      ]);
      await oras([
        'attach',
        `${host}/team/docker:1`,
        ...type(BUNDLE),
        '--annotation',
        'dev.sigstore.bundle.content=message-signature',
        `bundle.json:${BUNDLE}`,
      ]);
    }

    /** Opens a page when it says what it will say. */
    async function openWhen(path: string, words: RegExp, { page }: Window = window): Promise<string> {
      return until(
        async () => {
          await page.goto(path);
          const text = await mainOf(page);
          return words.test(text) ? text : undefined;
        },
        () => `${path} does not say ${words}`,
      );
    }

    /** The lines of a tool on the page. */
    const linesOf = (tool: string, { page }: Window = window): Promise<readonly string[]> =>
      page.locator(`.pull-card [data-tool=${tool}] code`).allTextContents();

    it.each([
      ['team/podman', '1', /linux\/\w+/],
      ['team/docker', '1', /linux\/\w+/],
      ['team/skopeo', 'zstd', /linux\/\w+/],
      ['team/skopeo', 'oci', /linux\/\w+/],
      ['tools/report', '1', /application\/vnd\.example\.report/],
      ['charts/web', '1.4.0', /Helm chart/],
    ])('%s:%s stands in its repository as what it is', async (repository, tag, words) => {
      await openWhen(`/r/${repository}`, words);
      const row = window.page.locator('main tbody tr', { has: window.page.locator(`a:text-is("${tag}")`) });
      expect(await row.innerText()).toMatch(words);
      expect(await row.innerText()).toMatch(/\d (?:B|kB|MB)/);
      await window.page.goto('/?search=' + repository);
      expect(await mainOf(window.page)).toContain(repository);
    });

    it.each([
      ['team/podman', '1'],
      ['team/docker', '1'],
      ['team/skopeo', 'zstd'],
      ['team/skopeo', 'oci'],
    ])('%s:%s tells how it was built and how it starts, and shows its files', async (repository, tag) => {
      const { page } = window;
      const text = await openWhen(`/r/${repository}/-/image/${tag}`, /Dockerfile|How it was built/);
      for (const words of [
        /COPY/,
        /WORKDIR \/app\/x/,
        /80\/tcp/,
        /53\/udp/,
        /1000:1000/,
        /\/var\/lib\/x/,
        /--flag/,
      ])
        expect(text).toMatch(words);
      expect(await page.locator('.layer-bar rect.layer').count()).toBeGreaterThan(1);
      await openWhen(`/r/${repository}/-/files/${tag}`, /content/);
      await openWhen(`/r/${repository}/-/files/${tag}?path=/content`, /content/);
    });

    it('has the layers of skopeo as it compressed them', async () => {
      expect(await oras(['manifest', 'fetch', `${host}/team/skopeo:zstd`])).toContain('.tar+zstd');
    });

    it('shows what belongs to an image: an SBOM, and a signature of either kind', async () => {
      const text = await openWhen('/r/team/podman/-/image/1', /SBOM[^]*Signature|Signature[^]*SBOM/);
      expect(text).toContain('application/spdx+json');
      expect(await linesOf('cosign')).toEqual([
        `cosign verify --key cosign.pub ${host}/team/podman@${podmanDigest}`,
      ]);
      await window.page.click('main .tree >> text=SBOM');
      await window.page.waitForURL(/\/-\/referrer\//);
      expect(await mainOf(window.page)).toContain('an SBOM by oras');
      await openWhen('/r/team/docker/-/image/1', /Signature/);
      expect(await linesOf('cosign')).toEqual([
        `cosign verify --key cosign.pub ${host}/team/docker@${dockerDigest}`,
      ]);
    });

    it('takes a signature under a tag for what it is', async () => {
      const tag = `${podmanDigest.replace(':', '-')}.sig`;
      await openWhen('/r/team/podman?of=referrers', /Signature/);
      await openWhen(`/r/team/podman/-/image/${tag}`, /Signature/);
      expect(await linesOf('docker')).toEqual([]);
      expect(await linesOf('cosign')).toEqual([
        `cosign verify --key cosign.pub ${host}/team/podman@${podmanDigest}`,
      ]);
    });

    it('names the line of helm for a chart', async () => {
      await openWhen('/r/charts/web/-/image/1.4.0', /Helm chart/);
      expect(await linesOf('helm')).toEqual([`helm pull oci://${host}/charts/web --version 1.4.0`]);
    });

    it('compares what docker and podman built from the same', async () => {
      const path = '/r/team/skopeo/-/compare?a=oci&b=zstd';
      expect(await openWhen(path, /fetches/)).toMatch(/\d (?:B|kB)/);
    });

    it('has lines that work: those of docker, podman and oras', async () => {
      const far = await browser.open(`https://${distant}`);
      await signInAt(far.page, 'alice', TEST_PASSWORD);
      await openWhen('/r/team/docker', /linux\//, far);
      const [docker = ''] = await linesOf('docker', far);
      await engine.must(['rmi', `${distant}/team/docker:1`]);
      expect(docker).toBe(`docker pull ${distant}/team/docker:1`);
      expect(await engine.must(docker.split(' ').slice(1))).toContain(dockerDigest);
      await far.close();

      await openWhen('/r/team/podman', /linux\//);
      const [[pull = ''], [copy = '']] = [await linesOf('podman'), await linesOf('oras')];
      await podman(['rmi', '--all', '--force']);
      const [, verb = '', ...rest] = pull.split(' ');
      expect(await podman([verb, ...trust(), ...rest])).toMatch(/^[0-9a-f]{64}$/m);
      await oras(copy.split(' ').slice(1), '--from-ca-file');
      expect(await readdir(at('podman'))).toContain('index.json');

      await openWhen('/r/tools/report', /vnd\.example/);
      const [fetched = ''] = await linesOf('oras');
      const into = await mkdtemp(at('pulled-'));
      await oras([...fetched.split(' ').slice(1), '--output', into]);
      expect(await readdir(into)).toEqual(['report.json']);
    });

    it('leaves no line in the console', () => {
      // The inventory may not have known a repository when it was asked for first.
      expect(window.noise.filter((line) => !line.includes('status of 404'))).toEqual([]);
    });
  });
});
