import type { Command } from 'commander';
import { IMAGES_EXAMPLES } from './images/examples.ts';

/** Command -> the examples of its help. The empty name is the program itself. A test runs each example. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  '': ['registry-gate up', 'registry-gate users add alice', 'registry-gate help certs trust'],
  up: [
    'registry-gate up',
    'registry-gate up --host registry.lan --data /srv/images',
    'registry-gate up --listen 127.0.0.1:8443',
  ],
  serve: [
    'registry-gate serve --backend http://127.0.0.1:5000',
    'registry-gate serve --backend embedded:/srv/images --access access.yml --audit /var/log/registry-gate/audit.log',
    'registry-gate serve --listen :8443 --listen 127.0.0.1:9443 --workers auto',
  ],
  certs: ['registry-gate certs init --host registry.lan', 'registry-gate certs status'],
  'certs init': [
    'registry-gate certs init --host registry.lan --host 10.0.0.5',
    'registry-gate certs init --host registry.example.org --constrain example.org,10.0.0.0/8',
    'registry-gate certs init --host registry.lan --offline-ca /media/stick/ca.key',
  ],
  'certs renew': [
    'registry-gate certs renew',
    'registry-gate certs renew --host new.lan',
    'registry-gate certs renew --force',
    'registry-gate certs renew --ca-key /media/stick/ca.key',
    'registry-gate certs renew --issued db.lan',
  ],
  'certs status': [
    'registry-gate certs status',
    'registry-gate certs status --certs /etc/registry-gate --json',
  ],
  'certs issue': [
    'registry-gate certs issue --host db.lan --host 10.0.0.9',
    'registry-gate certs issue --host storage.lan --out /etc/docker/registry --name registry',
  ],
  'certs revoke': [
    'registry-gate certs revoke certs/issued/db.lan.crt --reason keyCompromise',
    'registry-gate certs revoke 4F0A6E61D2C35B7AA0A4E5A9D2F1B3C7',
  ],
  'certs rollover': [
    'registry-gate certs rollover start',
    'registry-gate certs rollover switch',
    'registry-gate certs rollover retire',
  ],
  'certs trust': [
    'registry-gate certs trust --for docker registry.lan',
    'registry-gate certs trust --for podman registry.lan:8443 --from https://registry.lan:8443 --fingerprint 784d09...',
    'registry-gate certs trust --for system registry.lan --dry-run',
    'registry-gate certs trust --for docker registry.lan --follow --ca /etc/docker/certs.d/registry.lan/ca.crt',
    'registry-gate certs trust --all registry.lan --ca ca.crt',
    'registry-gate certs trust --for containerd registry.lan --ssh root@node1 --ssh root@node2',
    'registry-gate certs trust --for k3s registry.lan --print ansible',
  ],
  ...IMAGES_EXAMPLES,
  users: ['registry-gate users add alice', 'registry-gate users list'],
  'users add': [
    'registry-gate users add alice',
    'registry-gate users add alice --password-stdin < password.txt',
  ],
  'users passwd': ['registry-gate users passwd alice'],
  'users remove': ['registry-gate users remove alice'],
  'users list': ['registry-gate users list', 'registry-gate users list --json'],
  'users verify': ['registry-gate users verify alice'],
  access: ['registry-gate access check alice push team/app'],
  'access check': [
    'registry-gate access check alice push team/app',
    'registry-gate access check token:ci pull team/app --from 10.0.0.7',
    'registry-gate access check anonymous pull public/app --access access.yml',
  ],
  tokens: [
    "registry-gate tokens create ci --repository 'team/**' --allow pull,push",
    'registry-gate tokens list',
  ],
  'tokens create': [
    "registry-gate tokens create ci --repository 'team/**' --allow pull,push --expires 90d",
    'registry-gate tokens create deploy --repository team/app --allow pull --network 10.0.0.0/8',
  ],
  'tokens list': ['registry-gate tokens list', 'registry-gate tokens list --json'],
  'tokens revoke': ['registry-gate tokens revoke m1a2b3c4', 'registry-gate tokens revoke ci'],
  'tokens certificate': ['registry-gate tokens certificate'],
  abuse: ['registry-gate abuse list', 'registry-gate abuse unlock alice'],
  'abuse list': ['registry-gate abuse list', 'registry-gate abuse list --json'],
  'abuse unlock': [
    'registry-gate abuse unlock alice',
    'registry-gate abuse unlock 10.0.0.7',
    'registry-gate abuse unlock --all',
  ],
  audit: ['registry-gate audit show --since 1d', 'registry-gate audit verify'],
  'audit show': [
    'registry-gate audit show --user alice --since 7d',
    "registry-gate audit show --repository 'team/**' --action push,delete --json",
    'registry-gate audit show --follow',
  ],
  'audit verify': [
    'registry-gate audit verify',
    'registry-gate audit verify audit.log.2 audit.log.1 audit.log',
  ],
  config: ['registry-gate config check --connect', 'registry-gate config show'],
  'config check': [
    'registry-gate config check',
    'registry-gate config check --connect --config /etc/registry-gate/registry-gate.yml',
  ],
  'config show': ['registry-gate config show', 'registry-gate config show --json'],
  doctor: [
    'registry-gate doctor',
    'registry-gate doctor registry.lan:8443 --client docker',
    'registry-gate doctor registry.lan --user alice --password-stdin --push team/probe < password.txt',
  ],
  health: ['registry-gate health', 'registry-gate health --ready --listen 127.0.0.1:8443'],
  gc: ['registry-gate gc --dry-run', 'registry-gate gc --data /srv/images --untagged'],
  completion: ['registry-gate completion bash', 'registry-gate completion fish'],
};

/** Adds the examples to the help of a command and its subcommands. */
export function addExamples(command: Command, name = ''): void {
  const lines = EXAMPLES[name] ?? [];
  if (lines.length > 0) {
    command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`.trimEnd());
  }
  for (const child of command.commands) addExamples(child, `${name} ${child.name()}`.trim());
}
