import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { makeCerts, startGate } from '../support/gate-process.ts';
import { createNamespace } from '../support/namespace.ts';
import { must, run, startDaemon, temporaryFolder, until } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const DEPLOY = resolve(import.meta.dirname, '../../deploy');
const UNIT = resolve(DEPLOY, 'registry-gate.service');
const RULES = resolve(DEPLOY, 'nftables.conf');

describeWith(['systemd-analyze'], 'the unit for systemd', () => {
  it('R165: leaves less than 2.0 of 10 open, as systemd counts', async () => {
    const out = await must('systemd-analyze', ['security', '--offline=true', '--no-pager', UNIT]);
    const [, score = ''] = /Overall exposure level for \S+: (\d+\.\d)/.exec(out) ?? [];
    expect(score).toMatch(/^[01]\.\d$/);
  });

  it('R165: has one capability, and no way to another', async () => {
    const text = await readFile(UNIT, 'utf8');
    const rights = [...text.matchAll(/^(?:Ambient|Bounding|CapabilityBounding)\w*=(.*)$/gm)];
    expect(rights.map((match) => match[1])).toEqual(['CAP_NET_BIND_SERVICE', 'CAP_NET_BIND_SERVICE']);
    for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'User=registry-gate'])
      expect(text.split('\n')).toContain(line);
  });

  it('names nothing that systemd does not know', async () => {
    const { output } = await run('systemd-analyze', ['verify', '--man=no', UNIT]);
    const complaints = output
      .split('\n')
      .filter((line) => line !== '' && !line.includes('is not executable'));
    expect(complaints).toEqual([]);
  });
});

/** Listens on every address, says when somebody has come, and stays. */
const LISTENERS = `
for (const port of [443, 5000, 9464])
  require('node:net').createServer((socket) => socket.end(String(port))).listen(port, '0.0.0.0', () => console.log('on', port));
`;
/** What a listener on this port says. */
const ASK = `
const socket = require('node:net').connect(Number(process.argv[1]), process.argv[2], () => undefined);
socket.on('data', (data) => { console.log(String(data)); process.exit(0); });
socket.on('error', (error) => { console.log(error.code); process.exit(1); });
`;

describeWith(['nft', 'ip', 'nsenter'], 'the rules for nftables', () => {
  it('are accepted by nft', async () => {
    expect(await run('nft', ['-c', '-f', RULES])).toMatchObject({ status: 0, output: '' });
  });

  it('R163: let nobody but the machine itself reach what stands beside the gate', async () => {
    const { inside, enter, close } = await createNamespace();
    const within = (...command: readonly string[]): readonly [string, string[]] => {
      const [program = '', ...rest] = [...enter, ...command];
      return [program, rest];
    };
    const listeners = startDaemon(...within(process.execPath, '-e', LISTENERS));
    const ask = (port: number, address: string): string[] => ['-e', ASK, String(port), address];
    try {
      for (const port of [443, 5000, 9464]) await listeners.line(new RegExp(`^on ${port}$`));
      expect(await must(process.execPath, ask(5000, inside))).toBe('5000');
      await must(...within('nft', '-f', RULES));
      await must(...within('nft', '-f', RULES));
      expect(await must(process.execPath, ask(443, inside))).toBe('443');
      for (const port of [5000, 9464]) {
        expect(await must(...within(process.execPath, ...ask(port, '127.0.0.1')))).toBe(String(port));
      }
      const before = await dropped();
      const stranger = startDaemon(process.execPath, ask(5000, inside));
      await until(
        async () => ((await dropped()) > before ? true : undefined),
        () => 'nothing was dropped',
      );
      expect(stranger.log).toEqual([]);
      await stranger.close();
    } finally {
      await listeners.close();
      await close();
    }

    async function dropped(): Promise<number> {
      const text = await must(...within('nft', 'list', 'table', 'inet', 'registry_gate'));
      return Number(/counter packets (\d+)/.exec(text)?.[1]);
    }
  });
});

describeWith(['logrotate', 'curl'], 'the rules for logrotate', () => {
  it('take the audit log away from a gate that goes on with a new one, and lose no line', async () => {
    const folder = await temporaryFolder('rotate');
    const certs = join(folder.path, 'certs');
    const audit = join(folder.path, 'audit.log');
    await makeCerts(certs, ['localhost', '127.0.0.1']);
    const backend = `embedded:${join(folder.path, 'data')}`;
    const gate = await startGate({ certs, backend, args: ['--audit', audit] });
    try {
      const rules = (await readFile(resolve(DEPLOY, 'logrotate/registry-gate'), 'utf8'))
        .replace('/var/log/registry-gate/audit.log', audit)
        .replace(/^\tsu .*\n/m, '')
        .replace('systemctl reload registry-gate.service', `kill -HUP ${gate.pid}`);
      const file = join(folder.path, 'rules');
      await writeFile(file, rules, { mode: 0o644 });
      const failLogin = (): Promise<string> =>
        must('curl', ['-sS', '--cacert', join(certs, 'ca.crt'), '-u', 'alice:wrong', `${gate.url}/v2/`]);
      const loginsIn = async (path: string): Promise<number> =>
        (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line.includes('"login"'))
          .length;
      const logged = (path: string, count: number): Promise<number> =>
        until(
          async () => ((await loginsIn(path)) === count ? count : undefined),
          () => `${path} does not hold ${count} failed logins`,
        );

      await failLogin();
      await logged(audit, 1);
      const state = ['--state', join(folder.path, 'state')];
      expect(await run('logrotate', ['--force', ...state, file])).toMatchObject({ status: 0, output: '' });
      await until(
        async () => ((await readFile(audit).catch(() => undefined)) === undefined ? undefined : true),
        () => 'the gate did not go on with a new file',
      );
      await failLogin();
      await logged(audit, 1);
      expect(await loginsIn(`${audit}.1`)).toBe(1);
    } finally {
      await gate.close();
      await folder.close();
    }
  });
});
