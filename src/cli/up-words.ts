import { isIP } from 'node:net';
import { parseSubjectName } from '../certs/subject-names.ts';
import type { FirstUser, PreparedCertificates } from './first-start.ts';

export interface Welcome {
  readonly certificates: PreparedCertificates;
  readonly certs: string;
  readonly port: number;
  /** Why it is not port 443, in the words of the system. */
  readonly refused: string | undefined;
  /** What was given with --host. */
  readonly hosts: readonly string[];
  readonly firstUser: FirstUser | undefined;
}

/** What a person reads in the first minute: where it serves, who may come in, and what to type next. */
export function renderWelcome({ certificates, certs, port, refused, hosts, firstUser }: Welcome): string {
  const { names, notes, hasAuthority } = certificates;
  const host = nameForImages(names, hosts);
  const place = placeOf(host, port);
  const others = names.filter((name) => name !== host);
  const user = firstUser?.name ?? 'NAME';
  return [
    '',
    `registry-gate serves https://${place}${others.length === 0 ? '' : ` (also as ${others.join(', ')})`}`,
    ...notes,
    ...(refused === undefined
      ? []
      : [PORT_WORDS[refused] ?? '', `So this is port ${port}: name it in every command, as below.`]),
    ...wordsFor(firstUser),
    '',
    ...(hasAuthority
      ? [
          'Trust its CA once on each client (here: docker on this machine; podman, containerd and system are the others):',
          `  registry-gate certs trust --for docker ${place} --certs ${certs}`,
        ]
      : []),
    'Then:',
    `  docker login ${place} -u ${user}`,
    `  docker tag IMAGE ${place}/IMAGE`,
    `  docker push ${place}/IMAGE`,
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

/** A name that was given by hand, else a name with a dot, else an address of the network. */
function nameForImages(names: readonly string[], hosts: readonly string[]): string {
  const given = hosts.map((host) => parseSubjectName(host)).find((name) => 'value' in name);
  if (given !== undefined && 'value' in given) return given.value;
  const dotted = names.filter(
    (name) => name.includes('.') && !name.startsWith('127.') && !name.startsWith('*'),
  );
  return dotted.find((name) => isIP(name) === 0) ?? dotted[0] ?? 'localhost';
}

/** docker takes a first part with neither dot nor port for a folder of Docker Hub, `localhost` alone excepted. */
function placeOf(host: string, port: number): string {
  const written = isIP(host) === 6 ? `[${host}]` : host;
  const isPlain = port === 443 && (host.includes('.') || host === 'localhost' || isIP(host) === 6);
  return isPlain ? written : `${written}:${port}`;
}

function wordsFor(firstUser: FirstUser | undefined): readonly string[] {
  if (firstUser === undefined) return [];
  const { name } = firstUser;
  return firstUser.kind === 'kept in a file'
    ? ['', `The first user is ${name}. The password is in ${firstUser.file}: read it, then delete the file.`]
    : [
        '',
        `The first user is ${name}, with the password  ${firstUser.password.reveal()}`,
        'It is shown this once and stored nowhere.',
      ];
}
