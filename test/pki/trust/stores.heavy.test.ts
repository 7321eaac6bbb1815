import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { createNamespace, type Namespace } from '../../support/namespace.ts';
import { must, run, startDaemon, until, type Daemon, type Ran } from '../../support/programs.ts';
import { MOUNT_NEEDS, describeWith, findProgram } from '../../support/requires.ts';
import { makeDirectory, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');
/** What a script that becomes root needs, and a machine that looks like Debian. */
const NEEDS = [
  ...MOUNT_NEEDS,
  'update-ca-certificates',
  ...(process.getuid?.() === 0 ? [] : ['the rights of root']),
];

/** Changes of /etc, /usr/local and /root that nobody else sees, and that are gone with the process. */
const ANOTHER_MACHINE = [
  'set -eu',
  'work=$(mktemp -d)',
  'mount -t tmpfs tmpfs "$work"',
  'for place in /etc /usr/local /root; do',
  '  mkdir -p "$work$place/up" "$work$place/work"',
  '  mount -t overlay overlay -o "lowerdir=$place,upperdir=$work$place/up,workdir=$work$place/work" "$place"',
  'done',
  'rm -rf /etc/containers/certs.d /etc/docker/certs.d /etc/containerd/certs.d /root/.pki',
  'mkdir -p /etc/profile.d',
  // Shells that log in read /etc/profile.
  'LOGIN() { sh -c \'for file in /etc/profile.d/registry-gate*.sh; do if [ -e "$file" ]; then . "$file"; fi; done; exec "$@"\' sh "$@"; }',
];

interface Case {
  readonly client: string;
  readonly needs: readonly string[];
  /** Shell commands before anything else. */
  readonly prepare?: string;
  /** A shell command that exits with 0 if the client verifies the server. */
  readonly judge: string;
}

const FETCH = 'fetch(process.argv[1]).then(() => process.exit(0), () => process.exit(60))';
const URLOPEN = 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1])';

const CASES: readonly Case[] = [
  {
    client: 'node',
    needs: [],
    judge: `LOGIN ${process.execPath} -e '${FETCH}' "https://$REGISTRY/v2/"`,
  },
  { client: 'python', needs: ['python3'], judge: `LOGIN python3 -c '${URLOPEN}' "https://$REGISTRY/v2/"` },
  { client: 'system', needs: ['curl'], judge: 'curl -sSf "https://$REGISTRY/v2/"' },
  {
    client: 'system',
    needs: ['python3'],
    // Python of another maker has its own list; that of the system is asked for by its path.
    judge: `SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt python3 -c '${URLOPEN}' "https://$REGISTRY/v2/"`,
  },
  { client: 'crio', needs: ['skopeo'], judge: 'skopeo list-tags "docker://$REGISTRY/x"' },
  {
    client: 'java',
    needs: ['keytool'],
    // Without a path to cacerts keytool would ask, and nobody answers.
    judge:
      'rm -f /root/other.p12; keytool -importcert -trustcacerts -alias leaf -file "$CERTS/domain.crt" -keystore /root/other.p12 -storepass changeit </dev/null && keytool -list -keystore /root/other.p12 -storepass changeit -alias leaf',
  },
  {
    client: 'firefox',
    needs: ['certutil', 'tstclnt'],
    prepare: 'mkdir -p /root/.pki/nssdb; certutil -N -d sql:/root/.pki/nssdb --empty-password',
    judge: 'tstclnt -h "${REGISTRY%:*}" -p "${REGISTRY#*:}" -d sql:/root/.pki/nssdb -Q </dev/null',
  },
];

interface Target {
  readonly certs: string;
  readonly registry: string;
  close(): void;
}

/** A server whose certificate is good for its address. */
async function startServer(address: string): Promise<Target> {
  const certs = await makeDirectory(await folder(), { hosts: [address] });
  const { cert, key } = await loadServerCertificate({ directory: certs }, new Date());
  const server = createServer({ cert, key: key.reveal() }, (_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"name":"x","tags":["1"]}');
  });
  server.listen(0, address);
  await once(server, 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { certs, registry: `${address}:${(server.address() as AddressInfo).port}`, close };
}

let target: Target;

beforeAll(async () => {
  target = await startServer('127.0.0.1');
});
afterAll(() => target.close());

function onAnotherMachine(script: string, { registry, certs } = target): Promise<Ran> {
  const gate = `GATE() { ${process.execPath} ${MAIN} "$@"; }`;
  const text = [...ANOTHER_MACHINE, gate, script].join('\n');
  const env = { REGISTRY: registry, CERTS: certs, HOME: '/root', XDG_CONFIG_HOME: '', SSL_CERT_FILE: '' };
  return run('unshare', ['--mount', 'sh', '-c', text], { env });
}

for (const { client, needs, prepare = '', judge } of CASES) {
  describeWith([...NEEDS, ...needs], `certs trust --for ${client}, judged by ${needs[0] ?? 'node'}`, () => {
    it('makes it trust the server, twice as well as once, and --undo takes it back', async () => {
      const { status, output } = await onAnotherMachine(
        `${prepare}
         unset SSL_CERT_FILE XDG_CONFIG_HOME
         JUDGE() { ${judge}; }
         if JUDGE; then exit 10; fi
         GATE certs trust --for ${client} "$REGISTRY" --certs "$CERTS"
         JUDGE || exit 11
         GATE certs trust --for ${client} "$REGISTRY" --certs "$CERTS"
         JUDGE || exit 12
         GATE certs trust --for ${client} "$REGISTRY" --certs "$CERTS" --undo
         if JUDGE; then exit 13; fi
         test ! -e /etc/registry-gate/trust/node.pem || exit 14
         if grep -rqs "$REGISTRY" /etc/profile.d; then exit 15; fi`,
      );
      expect({ status, output }).toEqual({ status: 0, output: expect.any(String) });
    });
  });
}

describeWith([...NEEDS, 'containerd', 'ctr', 'ip'], 'certs trust --for containerd, judged by ctr', () => {
  let namespace: Namespace;
  let elsewhere: Target;

  beforeAll(async () => {
    // containerd takes plain HTTP from every address of the loopback network.
    namespace = await createNamespace();
    elsewhere = await startServer(namespace.outside);
  });
  afterAll(async () => {
    elsewhere.close();
    await namespace.close();
  });

  it('lets ctr get past the certificate', async () => {
    const { status, output } = await onAnotherMachine(
      `mkdir /root/c; cd /root/c
       printf 'version = 2\\nroot = "/root/c/root"\\nstate = "/root/c/state"\\n[grpc]\\n  address = "/root/c/sock"\\n[ttrpc]\\n  address = "/root/c/ttrpc"\\n' > config.toml
       containerd --config config.toml > log 2>&1 & daemon=$!
       trap 'kill $daemon; wait $daemon' EXIT
       n=0; until ctr -a /root/c/sock version > /dev/null 2>&1; do n=$((n+1)); [ $n -lt 600 ] || exit 20; sleep 0.2; done
       PULL() { ctr -a /root/c/sock images pull --hosts-dir /etc/containerd/certs.d "$REGISTRY/x:1" > pulled 2>&1 || true; cat pulled; }
       PULL; grep -q 'certificate signed by unknown authority' pulled || exit 10
       GATE certs trust --for containerd "$REGISTRY" --certs "$CERTS"
       PULL; if grep -q x509 pulled; then exit 11; fi
       GATE certs trust --for containerd "$REGISTRY" --certs "$CERTS" --undo
       PULL; grep -q 'certificate signed by unknown authority' pulled || exit 12`,
      elsewhere,
    );
    expect({ status, output }).toEqual({ status: 0, output: expect.any(String) });
  });
});

describeWith([...NEEDS, 'sshd', 'ssh', 'ssh-keygen'], 'certs trust --ssh, against a real sshd', () => {
  let daemon: Daemon;
  let place = '';
  let bin = '';
  let home = '';

  beforeAll(async () => {
    place = await folder();
    home = join(place, 'home');
    bin = join(place, 'bin');
    for (const path of [home, bin]) await mkdir(path);
    for (const name of ['host', 'client'])
      await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(place, name)]);
    await must('sh', [
      '-c',
      `cp ${place}/client.pub ${place}/keys; chmod 600 ${place}/keys; mkdir -p /run/sshd`,
    ]);
    const probe = createServer();
    probe.listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    // DESTDIR stands for the root of the other machine.
    await writeFile(
      join(place, 'sshd_config'),
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${place}/host`,
        `AuthorizedKeysFile ${place}/keys`,
        'StrictModes no',
        'PermitRootLogin yes',
        'UsePAM no',
        `SetEnv DESTDIR=${home}`,
        `PidFile none`,
      ].join('\n'),
    );
    // ssh looks into the home folder of the user, whatever HOME says; so its settings come by an option.
    await writeFile(
      join(place, 'ssh_config'),
      `IdentityFile ${place}/client\nIdentitiesOnly yes\nStrictHostKeyChecking accept-new\nUserKnownHostsFile ${place}/known\nPort ${port}\n`,
    );
    await writeFile(join(bin, 'ssh'), `#!/bin/sh\nexec ${findProgram('ssh')} -F ${place}/ssh_config "$@"\n`);
    await chmod(join(bin, 'ssh'), 0o755);
    daemon = startDaemon(findProgram('sshd'), ['-D', '-e', '-f', join(place, 'sshd_config')]);
    await daemon.line(/Server listening/);
  });
  afterAll(() => daemon.close());

  const gate = (args: readonly string[]): Promise<Ran> =>
    run(process.execPath, [MAIN, 'certs', 'trust', 'registry.lan', '--certs', target.certs, ...args], {
      env: { PATH: `${bin}:${process.env['PATH']}` },
    });

  it('writes the certificate there, and reports by host', async () => {
    const args = ['--for', 'docker', '--ssh', '127.0.0.1', '--ssh', '192.0.2.1.invalid', '--json'];
    const { status, stdout, output } = await gate(args);
    const { hosts } = JSON.parse(stdout) as { readonly hosts: readonly object[] };
    expect(hosts).toEqual([
      { host: '127.0.0.1', ok: true, lines: expect.arrayContaining([expect.stringContaining('wrote ')]) },
      { host: '192.0.2.1.invalid', ok: false, lines: [expect.stringContaining('ssh: ')] },
    ]);
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('1 of 2 machines') });
    const written = join(home, 'etc/docker/certs.d/registry.lan/ca.crt');
    await must('cmp', [written, join(target.certs, 'ca.crt')]);
    expect(daemon.log.join('\n')).not.toContain('PRIVATE');
    await until(
      () => daemon.log.find((line) => line.includes('Accepted publickey')),
      () => 'no log-in',
    );
  });
});
