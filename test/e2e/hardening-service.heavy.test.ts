import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/requires.ts';
import { CHECKOUT, SYSTEMD_NEEDS, runUnderSystemd } from '../support/service-manager.ts';

const PASSWORD = 'sesame-open';

/** What docs/hardening.md says to type, and then a look at what runs. Each line of output is `name: value`. */
const SCRIPT = `
cd /
state=/var/lib/registry-gate
printf '#!/bin/sh\\nexec ${CHECKOUT}/node_modules/node/bin/node ${CHECKOUT}/src/main.ts "$@"\\n' > /usr/local/bin/registry-gate
chmod 755 /usr/local/bin/registry-gate
cp ${CHECKOUT}/deploy/registry-gate.service /etc/systemd/system/
useradd --system --home-dir $state --shell /usr/sbin/nologin registry-gate
install -d -m 700 -o registry-gate -g registry-gate $state
mkdir -p /etc/registry-gate
cat > /etc/registry-gate/registry-gate.yml << 'END'
certs: /var/lib/registry-gate/certs
backend: embedded:/var/lib/registry-gate/data
workers: 2
END
runuser -u registry-gate -- registry-gate certs init --host localhost --certs $state/certs > /dev/null
echo '${PASSWORD}' | runuser -u registry-gate -- registry-gate users add alice --password-stdin --users $state/certs/htpasswd
mkdir /etc/systemd/system/registry-gate.service.d
printf '[Service]\\nStandardOutput=file:/gate.log\\nStandardError=file:/gate.log\\n' > /etc/systemd/system/registry-gate.service.d/log.conf
systemctl daemon-reload
systemctl start registry-gate
echo "start: $?"
ask() { curl --silent --cacert $state/certs/ca.crt "$@"; }
for n in $(seq 3000); do ask https://localhost/readyz > /dev/null && break; sleep 0.1; done
code() { ask --output /dev/null --write-out '%{http_code}' "$@"; }
signed='--user alice:${PASSWORD}'
echo "stranger: $(code https://localhost/v2/)"
echo "user: $(code $signed https://localhost/v2/)"
head -c 3000000 /dev/urandom > /blob
digest=sha256:$(sha256sum < /blob | cut -d ' ' -f 1)
place=$(ask $signed --dump-header - --output /dev/null --request POST --header 'Content-Length: 0' https://localhost/v2/a/blobs/uploads/ | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
case $place in *\\?*) place="$place&digest=$digest" ;; *) place="$place?digest=$digest" ;; esac
echo "push: $(code $signed --upload-file /blob --header 'Content-Type: application/octet-stream' "https://localhost$place")"
test "sha256:$(ask $signed "https://localhost/v2/a/blobs/$digest" | sha256sum | cut -d ' ' -f 1)" = "$digest" && echo 'pull: same'
main=$(systemctl show --property MainPID --value registry-gate)
echo "user id: $(sed -n 's/^Uid:\\t\\([0-9]*\\).*/\\1/p' /proc/$main/status | sed 's/^0$/root/; s/^[0-9]*$/not root/')"
for field in CapEff CapBnd CapPrm CapAmb NoNewPrivs Seccomp; do sed -n "s/^$field:\\t/$field: /p" /proc/$main/status; done
within() { nsenter --target $main --mount --root --wd "$@" 2>&1; }
for file in /etc/x /usr/x /var/lib/x /opt/x; do echo "write $file: $(within touch $file | sed 's/.*: //')"; done
echo "write state: $(within touch $state/x && echo done)"
echo "other processes: $(within runuser -u registry-gate -- sh -c 'ls -d /proc/1 2> /dev/null' | wc -l)"
systemctl reload registry-gate
echo "reload: $?"
echo "after: $(code $signed https://localhost/v2/)"
systemctl stop registry-gate
systemctl show --property Result,ExecMainStatus,NRestarts registry-gate | sed 's/=/: /'
echo "modes: $(stat -c %a $state $state/certs/ca.key $state/certs/htpasswd | tr '\\n' ' ')"
cat /gate.log
`;

describeWith([...SYSTEMD_NEEDS, 'curl'], 'the unit, under systemd', () => {
  const facts = new Map<string, string>();
  beforeAll(async () => {
    const output = await runUnderSystemd(SCRIPT);
    for (const [, name = '', value = ''] of output.matchAll(/^([\w /]+): (.*)$/gm)) facts.set(name, value);
    if (facts.get('after') !== '200') throw new Error(output);
  });

  /** The capability alone that lets a port below 1024 be had (capabilities(7)), as a set of bits. */
  const BIND = '0000000000000400';

  it.each([
    ['starts', { start: '0' }],
    ['serves on 443', { stranger: '401', user: '200', push: '201', pull: 'same' }],
    ['takes up what changed', { reload: '0', after: '200' }],
    [
      'stops in order, and was never started anew',
      { Result: 'success', ExecMainStatus: '0', NRestarts: '0' },
    ],
  ])('%s', (_name, expected) => {
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, facts.get(name)]))).toEqual(
      expected,
    );
  });

  it('R165: is no root, has one capability, and can get no more', () => {
    const names = ['user id', 'CapEff', 'CapBnd', 'CapPrm', 'CapAmb', 'NoNewPrivs', 'Seccomp'];
    expect(names.map((name) => facts.get(name))).toEqual(['not root', BIND, BIND, BIND, BIND, '1', '2']);
  });

  it('R165: can write its own state and nothing else, and sees no process of others', () => {
    const places = ['/etc/x', '/usr/x', '/var/lib/x', '/opt/x'];
    expect(places.map((place) => facts.get(`write ${place}`))).toEqual(
      places.map(() => 'Read-only file system'),
    );
    expect(facts.get('write state')).toBe('done');
    expect(facts.get('other processes')).toBe('0');
    expect(facts.get('modes')?.trim()).toBe('700 600 600');
  });
});
