import type { PreparedCertificates } from './first-certificates.ts';
import type { FirstUser } from './first-user.ts';
import type { Invocation } from '../terminal/invocation.ts';
import { shellWord } from '../terminal/invocation.ts';
import { registryAddress } from './reachable.ts';
import type { Reachable } from './reachable.ts';

export interface Welcome {
  readonly certificates: PreparedCertificates;
  readonly reachable: Reachable;
  /** Why it is not port 443, in the words of the system. */
  readonly refused: string | undefined;
  readonly firstUser: FirstUser | undefined;
  readonly invocation: Invocation;
}

/** What a person reads in the first minute: where it serves, who may come in, and what to type next. */
export function renderWelcome(welcome: Welcome): string {
  const { certificates, reachable, firstUser } = welcome;
  const { others } = reachable;
  const address = registryAddress(reachable);
  const user = firstUser?.name ?? 'NAME';
  return [
    '',
    `registry-gate serves https://${address}${others.length === 0 ? '' : ` (also as ${others.join(', ')})`}`,
    ...certificates.notes,
    ...wordsForPort(welcome),
    ...wordsFor(welcome),
    '',
    ...wordsForTrust(certificates, address),
    'Then:',
    `  docker login ${address} -u ${user}`,
    `  docker tag IMAGE ${address}/IMAGE`,
    `  docker push ${address}/IMAGE`,
    '',
    'Ctrl-C stops it. More users: registry-gate users add NAME',
    '',
    '',
  ].join('\n');
}

const PORT_WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program has port 443; perhaps a gate that runs already.',
  EACCES: 'Port 443 needs a right that this user does not have.',
};

function wordsForPort({ refused, reachable: { port }, invocation }: Welcome): readonly string[] {
  if (invocation.isContainer) {
    return [
      `That is port ${port} of this container: publish it (docker run -p 443:${port}), and say with --host NAME, or in`,
      'REGISTRY_GATE_HOSTS, by which name or address clients reach the machine. Below, write that name and the published port.',
    ];
  }
  if (refused === undefined) return [];
  return [PORT_WORDS[refused] ?? '', `So this is port ${port}: name it in every command, as below.`];
}

/** What is typed on a client, where the gate is the one place that the CA can come from. */
function wordsForTrust({ authority }: PreparedCertificates, address: string): readonly string[] {
  if (authority === undefined) return [];
  return [
    'Trust its CA once on each client, this machine included (here for docker; podman, containerd and system are the others):',
    `  registry-gate certs trust --for docker ${address} --from https://${address} --fingerprint ${authority}`,
  ];
}

function wordsFor({ firstUser, invocation }: Welcome): readonly string[] {
  switch (firstUser?.kind) {
    case undefined:
      return [];
    case 'shown once':
      return [
        '',
        `The first user is ${firstUser.name}, with the password  ${firstUser.password.reveal()}`,
        'It is shown this once and stored nowhere.',
      ];
    case 'kept in a file':
      return [
        '',
        `The first user is ${firstUser.name}. The password is in a file: read it, then delete the file.`,
        `  ${reading(firstUser.file, invocation)}`,
      ];
    case 'not signed in yet':
      return [
        '',
        `Nobody has signed in as ${firstUser.name} yet, the user that an earlier start made.`,
        ...(firstUser.file === undefined
          ? []
          : [`The password is in a file:  ${reading(firstUser.file, invocation)}`]),
        `Where nobody knows the password, set a new one: registry-gate users passwd ${firstUser.name}`,
      ];
  }
}

/** The command that shows a file of this process. */
function reading(file: string, { shell }: Invocation): string {
  return `${shell} cat ${shellWord(file)}`.trimStart();
}
