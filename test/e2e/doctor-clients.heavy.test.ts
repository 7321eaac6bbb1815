import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyToPem } from '../../src/pki/x509/key-pair.ts';
import { AUTHORITY, SERVER, craft, extension, type CraftOptions } from '../pki/craft.ts';
import { GATE_MAIN, makeCerts, PASSWORD, USER } from '../support/gate-process.ts';
import { run, temporaryFolder, type Folder } from '../support/programs.ts';
import { describeWith, findProgram, MOUNT_NEEDS } from '../support/requires.ts';

/** What was printed and how it ended, step by step. */
interface Played {
  readonly before: string;
  readonly doctor: string;
  readonly cure: string;
  readonly after: string;
  readonly log: string;
  /** Exit codes of the client before and after, of doctor, and of the cure. */
  readonly codes: Readonly<Record<'before' | 'doctor' | 'cure' | 'after', number>>;
}

interface Scene {
  readonly name: string;
  /** Programs that it needs. */
  readonly needs: readonly string[];
  /** The client, as a line of a shell. $H is the registry. */
  readonly client: string;
  /** What the client prints. */
  readonly says: RegExp;
  /** The arguments of doctor. */
  readonly asks: string;
  /** What stands in front of the cure that is run. */
  readonly finds: RegExp;
  /** Before the client, in a shell. */
  readonly given?: string;
  /** Behind the cure: what a server does by itself, or its owner. */
  readonly afterwards?: string;
  /** What serves. Default: the gate. */
  readonly server?: 'gate' | 'nginx' | 'plain';
  /** Whether the cure goes on: a server. */
  readonly stays?: boolean;
}

const ADDRESS = '198.18.5.5';
const REGISTRY = `${ADDRESS}:8443`;
const GATE = `${process.execPath} ${GATE_MAIN}`;

/** The line of a check is found by its beginning; its cure stands below. */
const script = (scene: Scene): string => `
set -u
cd "$W"
mkdir -p etc ca home/.docker home/.config data; cp -a /etc/. etc/; mount --bind etc /etc; mount -t tmpfs none /usr/local/share/ca-certificates
ip link set lo up; ip address add ${ADDRESS}/32 dev lo; ip address add 10.99.5.6/32 dev lo
export HOME="$W/home" H=${REGISTRY}
up() { for i in $(seq 600); do curl -sk -o /dev/null "$1" && return; sleep 0.2; done; echo "nobody at $1" >> server.log; }
${serverOf(scene)}
${scene.given ?? ':'}
( ${scene.client} ) > before 2>&1 < /dev/null; echo $? > before.code
${GATE} doctor ${scene.asks} > doctor 2>&1 < /dev/null; echo $? > doctor.code
grep -A1 -E ${quoted(scene.finds.source)} doctor | sed -n 's/^    //p' | head -1 > cure
${
  scene.stays === true
    ? 'sh -c "$(cat cure)" > cure.out 2>&1 < /dev/null & echo 0 > cure.code'
    : 'sh -c "$(cat cure)" > cure.out 2>&1 < /dev/null; echo $? > cure.code'
}
${scene.afterwards ?? ':'}
for i in $(seq 100); do ( ${scene.client} ) > after 2>&1 < /dev/null; c=$?; echo $c > after.code; [ $c = 0 ] && break; sleep 0.3; done
exit 0
`;

function serverOf({ server = 'gate' }: Scene): string {
  if (server === 'gate') {
    return `${GATE} serve --listen ${REGISTRY} --backend embedded:$W/data --certs $W/certs > server.log 2>&1 & up https://${REGISTRY}/healthz`;
  }
  if (server === 'plain') {
    return `echo '{version: "0.1", storage: {inmemory: {}}, http: {addr: ":5000", secret: s}}' > plain.yml; docker-registry serve plain.yml > server.log 2>&1 & up http://${ADDRESS}:5000/v2/`;
  }
  return `nginx -c $W/nginx.conf -p $W > server.log 2>&1 & up https://${REGISTRY}/v2/`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

const NGINX = `
daemon off; pid nginx.pid; error_log stderr; events {}
http {
  access_log off;
  server {
    listen ${REGISTRY} ssl; ssl_certificate certs/domain.crt; ssl_certificate_key certs/domain.key;
    location / { return 404; }
    location /v2/ { default_type application/json; add_header Docker-Distribution-Api-Version registry/2.0 always; return 200 '{}'; }
  }
}
`;

const AUTH = `-u ${USER} --password-stdin`;
const LOGIN = `cat $W/password | skopeo login ${AUTH} $H`;
const PODMAN = `cat $W/password | podman --storage-driver vfs --root $W/pod --runroot $W/run login ${AUTH} $H`;
const CRANE = 'crane catalog $H';
const PLACE = `/etc/containers/certs.d/${REGISTRY}`;
const DOCKER_PLACE = `/etc/docker/certs.d/${REGISTRY}`;
/** The server's owner has the certs directory, and names it. */
const ON_SERVER = `${REGISTRY} --certs $W/certs --listen ${REGISTRY} --backend embedded:$W/data`;
const TRUSTED = `mkdir -p ${PLACE}; cp certs/ca.crt ${PLACE}/`;
const UNKNOWN = /certificate signed by unknown authority/;
const RELOAD = 'kill -HUP $(cat nginx.pid)';

const SCENES: readonly Scene[] = [
  {
    name: 'P1: skopeo, whose folder has nothing',
    needs: ['skopeo'],
    client: LOGIN,
    says: UNKNOWN,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ trust of podman: it does not have/,
  },
  {
    name: 'P1: podman, whose folder has nothing',
    needs: ['podman'],
    client: PODMAN,
    says: UNKNOWN,
    asks: `${REGISTRY} --client podman`,
    finds: /^✗ trust of podman: it does not have/,
  },
  {
    name: 'P1: skopeo, with the CA for another port',
    needs: ['skopeo'],
    given: `mkdir -p /etc/containers/certs.d/${ADDRESS}; cp certs/ca.crt /etc/containers/certs.d/${ADDRESS}/`,
    client: LOGIN,
    says: UNKNOWN,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ trust of podman: .*only files for 198\.18\.5\.5 /,
  },
  {
    name: 'P1: skopeo, with the CA as ca.pem',
    needs: ['skopeo'],
    given: `mkdir -p ${PLACE}; cp certs/ca.crt ${PLACE}/ca.pem`,
    client: LOGIN,
    says: UNKNOWN,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ trust of podman: .*ca\.pem is read by nobody/,
  },
  {
    name: 'P1: skopeo, with the CA as ca.cert',
    needs: ['skopeo'],
    given: `mkdir -p ${PLACE}; cp certs/ca.crt ${PLACE}/ca.cert`,
    client: LOGIN,
    says: /missing key ca\.key for client certificate/,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ trust of podman: .*taken for a client certificate/,
  },
  {
    name: 'P1: skopeo, with the key of the CA beside it',
    needs: ['skopeo'],
    given: `${TRUSTED}; cp certs/ca.key ${PLACE}/`,
    client: LOGIN,
    says: /missing client certificate ca\.cert/,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ trust of podman: .*taken for the key of a client certificate/,
  },
  {
    name: 'P1: skopeo, with an older CA of the same name',
    needs: ['skopeo'],
    given: `mkdir -p ${PLACE}; cp other/ca.crt ${PLACE}/`,
    client: LOGIN,
    says: UNKNOWN,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ trust of podman: .*another CA/,
  },
  {
    name: 'P1: skopeo, with the CA in the folder of Docker',
    needs: ['skopeo'],
    given: `mkdir -p ${DOCKER_PLACE}; cp certs/ca.crt ${DOCKER_PLACE}/ca.cer`,
    client: LOGIN,
    says: UNKNOWN,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ trust of podman: .*ca\.cer is read by nobody/,
  },
  {
    name: 'P1: crane, which reads the store of the system',
    needs: ['crane', 'update-ca-certificates'],
    given: `printf '{"auths":{"${REGISTRY}":{"auth":"%s"}}}' "$(printf '${USER}:%s' "$(cat password)" | base64 -w0)" > home/.docker/config.json`,
    client: CRANE,
    says: UNKNOWN,
    asks: `${REGISTRY} --client crane`,
    finds: /^✗ trust of system: /,
  },
  {
    name: 'P1: curl',
    needs: ['curl', 'update-ca-certificates'],
    client: 'curl -sS -f https://$H/ca.crt',
    says: /unable to get local issuer certificate|self.signed certificate/,
    asks: `${REGISTRY} --client curl`,
    finds: /^✗ trust of system: /,
  },
  {
    name: 'P1: openssl',
    needs: ['openssl', 'update-ca-certificates'],
    client: 'openssl s_client -connect $H -verify_return_error -verify_ip 198.18.5.5',
    says: /unable to get local issuer certificate|self.signed certificate|unable to verify the first certificate/,
    asks: `${REGISTRY} --client openssl`,
    finds: /^✗ trust of system: /,
  },
  {
    name: 'P1: gnutls-cli',
    needs: ['gnutls-cli', 'update-ca-certificates'],
    client: `gnutls-cli ${ADDRESS} -p 8443`,
    says: /The certificate is NOT trusted/,
    asks: `${REGISTRY} --client gnutls`,
    finds: /^✗ trust of system: /,
  },
  {
    name: 'P1: Python of the distribution',
    needs: ['/usr/bin/python3', 'update-ca-certificates'],
    client: `/usr/bin/python3 -c 'import urllib.request as u; u.urlopen("https://${REGISTRY}/ca.crt").read()'`,
    says: /CERTIFICATE_VERIFY_FAILED/,
    asks: `${REGISTRY} --client system`,
    finds: /^✗ trust of system: /,
  },
  {
    name: 'P1: Node.js, which reads a list of its own',
    needs: [],
    client: `for f in /etc/profile.d/*.sh; do [ -r "$f" ] && . "$f"; done; ${process.execPath} -e 'fetch("https://${REGISTRY}/ca.crt").catch((e) => { console.error(e.cause); process.exit(1); })'`,
    says: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/,
    asks: `${REGISTRY} --client node`,
    finds: /^✗ trust of node: /,
  },
  {
    name: 'P2: skopeo, and a certificate for another address',
    needs: ['skopeo'],
    given: `mkdir -p /etc/containers/certs.d/10.99.5.6:8444; cp certs/ca.crt /etc/containers/certs.d/10.99.5.6:8444/; ${GATE} serve --listen 10.99.5.6:8444 --backend embedded:$W/data2 --certs $W/certs > second.log 2>&1 & up https://10.99.5.6:8444/healthz; H=10.99.5.6:8444`,
    client: LOGIN,
    says: /certificate is valid for 198\.18\.5\.5, not 10\.99\.5\.6/,
    asks: '10.99.5.6:8444 --client skopeo --certs $W/certs --listen 10.99.5.6:8444 --backend embedded:$W/data2',
    finds: /^✗ names: .*and not 10\.99\.5\.6/,
  },
  {
    name: 'P2: skopeo, and a certificate with nothing but a common name',
    needs: ['skopeo', 'nginx'],
    server: 'nginx',
    given: `cp cn/* certs/; ${RELOAD}; sleep 1; ${TRUSTED}`,
    client: LOGIN,
    says: /legacy Common Name field|doesn't contain any IP SANs/,
    asks: ON_SERVER,
    finds: /^✗ names: .*no host/,
    afterwards: RELOAD,
  },
  {
    name: 'P9: skopeo, and a certificate that has expired',
    needs: ['skopeo', 'nginx'],
    server: 'nginx',
    given: `cp expired/* certs/; ${RELOAD}; sleep 1; ${TRUSTED}`,
    client: LOGIN,
    says: /certificate has expired or is not yet valid/,
    asks: ON_SERVER,
    finds: /^✗ certificate: .*expired on/,
    afterwards: RELOAD,
  },
  {
    name: 'P9: curl, and a certificate that has expired',
    needs: ['curl', 'nginx'],
    server: 'nginx',
    given: `cp expired/* certs/; ${RELOAD}; sleep 1`,
    client: 'curl -sS -f --cacert $W/certs/ca.crt https://$H/v2/',
    says: /certificate has expired/,
    asks: ON_SERVER,
    finds: /^✗ certificate: .*expired on/,
    afterwards: RELOAD,
  },
  {
    name: 'P11: skopeo, and a registry without TLS with a gate beside it',
    needs: ['skopeo', 'podman', 'docker-registry'],
    server: 'plain',
    given: `${TRUSTED}; ${GATE} serve --listen ${REGISTRY} --backend http://${ADDRESS}:5000 --certs $W/certs > gate.log 2>&1 & up https://${REGISTRY}/healthz; H=${ADDRESS}:5000`,
    client: `cat $W/password | skopeo login ${AUTH} $H`,
    says: /server gave HTTP response to HTTPS client/,
    asks: `${ADDRESS}:5000 --client podman`,
    finds: /^✗ who answers: .*use 198\.18\.5\.5:8443/,
    afterwards: 'cat $W/password | sh -c "$(cat cure) -u alice --password-stdin"; H=198.18.5.5:8443',
  },
  {
    name: 'P11: skopeo, and a registry without TLS',
    needs: ['skopeo', 'docker-registry'],
    server: 'plain',
    given: `mkdir -p /etc/containers/certs.d/${ADDRESS}; cp certs/ca.crt /etc/containers/certs.d/${ADDRESS}/; H=${ADDRESS}:5000`,
    client: LOGIN,
    says: /server gave HTTP response to HTTPS client/,
    asks: `${ADDRESS}:5000 --client podman`,
    finds: /^✗ who answers: .*Put a gate in front of it/,
    afterwards: `H=${ADDRESS}`,
    stays: true,
  },
  {
    name: 'P24: skopeo, and a proxy that does not reach the registry',
    needs: ['skopeo'],
    given: `${TRUSTED}; export HTTPS_PROXY=http://127.0.0.1:9`,
    client: LOGIN,
    says: /proxyconnect|connection refused/,
    asks: `${REGISTRY} --client skopeo`,
    finds: /^✗ proxy: the environment sends clients through/,
    afterwards: 'eval "$(cat cure)"',
  },
];

const ALL = ['ip', 'curl', ...MOUNT_NEEDS, ...(process.getuid?.() === 0 ? [] : ['the rights of root'])];

describeWith(ALL, 'doctor, the clients of the pains, and its cures as a shell runs them', () => {
  let stage: Folder;
  beforeAll(async () => {
    stage = await temporaryFolder('doctor');
    await makeCerts(join(stage.path, 'certs'), [ADDRESS]);
    await makeCerts(join(stage.path, 'other'), [ADDRESS]);
    await writeFile(join(stage.path, 'password'), PASSWORD);
    const named = [...SERVER.slice(1), extension.names(ADDRESS)];
    await craftDirectory('expired', { extensions: named, from: -40, until: -1 });
    await craftDirectory('cn', { name: ADDRESS, extensions: SERVER.slice(1) });
  });
  afterAll(() => stage.close());

  async function craftDirectory(name: string, leaf: Partial<CraftOptions>): Promise<void> {
    const folder = join(stage.path, name);
    const root = craft({ name: 'root', extensions: AUTHORITY, from: -50, until: 300 });
    const server = craft({ name: 'leaf', issuer: root, ...leaf });
    await mkdir(folder);
    await writeFile(join(folder, 'ca.crt'), root.pem);
    await writeFile(join(folder, 'ca.key'), keyToPem(root.key), { mode: 0o600 });
    await writeFile(join(folder, 'domain.crt'), server.pem);
    await writeFile(join(folder, 'domain.key'), keyToPem(server.key), { mode: 0o600 });
  }

  /** On a machine of its own: network, files of the system, processes. */
  async function play(scene: Scene): Promise<Played> {
    const folder = await temporaryFolder('scene');
    try {
      await run('cp', ['-a', `${stage.path}/.`, folder.path]);
      await writeFile(join(folder.path, 'nginx.conf'), NGINX);
      const isolated = ['--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child'];
      const env = { W: folder.path, HTTPS_PROXY: '', https_proxy: '', NO_PROXY: '', no_proxy: '' };
      const ran = await run('unshare', [...isolated, 'sh', '-c', script(scene)], { env });
      const read = (name: string): Promise<string> =>
        readFile(join(folder.path, name), 'utf8').catch(() => '');
      const code = async (name: string): Promise<number> => Number(await read(`${name}.code`));
      const [before, doctor, cure, after] = await Promise.all(
        ['before', 'doctor', 'cure', 'after'].map(read),
      );
      const log = `${ran.output}\n${await read('server.log')}\n${await read('cure.out')}`;
      const codes = {
        before: await code('before'),
        doctor: await code('doctor'),
        cure: await code('cure'),
        after: await code('after'),
      };
      return { before: before ?? '', doctor: doctor ?? '', cure: cure ?? '', after: after ?? '', log, codes };
    } finally {
      await folder.close();
    }
  }

  it.each(SCENES.filter(({ needs }) => needs.every((one) => one.startsWith('/') || findProgram(one) !== '')))(
    '$name',
    async (scene) => {
      const played = await play(scene);
      expect(played.before).toMatch(scene.says);
      expect(played.doctor).toMatch(new RegExp(scene.finds.source, 'm'));
      expect(played).toMatchObject({ codes: { doctor: 1, after: 0 } });
      expect(played.codes.before).not.toBe(0);
      expect(played.cure.trim()).not.toBe('');
    },
  );
});
