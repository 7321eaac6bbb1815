import type { PreparedCertificates } from './first-certificates.ts';
import type { FirstUser } from './first-user.ts';
import type { Invocation } from '../terminal/invocation.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { registryAddress, type Reachable } from './reachable.ts';

export interface Welcome {
  readonly certificates: PreparedCertificates;
  readonly reachable: Reachable;
  /** The port without TLS that redirects; undefined where there is none. */
  readonly plainPort?: number | undefined;
  /** The system error that prevented port 443. */
  readonly refused: string | undefined;
  readonly firstUser: FirstUser | undefined;
  readonly invocation: Invocation;
}

/** The text that `up` prints: the address, the first user, and what to type next. */
export function renderWelcome(welcome: Welcome): string {
  const { certificates, reachable, firstUser } = welcome;
  const { others } = reachable;
  const address = registryAddress(reachable);
  const user = firstUser?.name ?? 'NAME';
  return [
    '',
    `registry-gate serves https://${address}${others.length === 0 ? '' : ` (also as ${others.join(', ')})`}`,
    ...certificates.notes,
    ...wordsForPlainPort(welcome),
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

function wordsForPlainPort({ plainPort }: Welcome): readonly string[] {
  if (plainPort === undefined) return [];
  return [
    `Port ${plainPort} takes plain HTTP: it redirects to https, and has /ca.crt, /trust.sh and /trust.ps1.`,
  ];
}

const PORT_WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program uses port 443, perhaps another gate.',
  EACCES: 'This user may not listen on port 443.',
};

function wordsForPort({ refused, reachable: { port }, invocation }: Welcome): readonly string[] {
  if (invocation.isContainer) {
    return [
      `That is port ${port} of this container: publish it (docker run -p 443:${port}), and give the name or address`,
      'of the machine with --host NAME or REGISTRY_GATE_HOSTS. Below, use that name and the published port.',
    ];
  }
  if (refused === undefined) return [];
  return [
    PORT_WORDS[refused] ?? '',
    `The gate uses port ${port} instead: name it in every command, as below.`,
  ];
}

/** What to type on a client, which fetches the CA from the gate. */
function wordsForTrust({ authority }: PreparedCertificates, address: string): readonly string[] {
  if (authority === undefined) return [];
  return [
    'Make each client trust the CA, also this machine (here for docker; --all for every client that is installed):',
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
        'It is shown only once and stored nowhere.',
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
        `The user ${firstUser.name}, made by an earlier start, has not signed in yet.`,
        ...(firstUser.file === undefined
          ? []
          : [`The password is in a file:  ${reading(firstUser.file, invocation)}`]),
        `If the password is lost, set a new one: registry-gate users passwd ${firstUser.name}`,
      ];
  }
}

/** The command that shows a file of this process. */
function reading(file: string, { shell }: Invocation): string {
  return `${shell} cat ${shellWord(file)}`.trimStart();
}
