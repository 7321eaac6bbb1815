import type { X509Certificate } from 'node:crypto';
import { shellWord } from '../../lib/shell-word.ts';
import { asRoot, fine, skipped, wrong, type Check } from '../check.ts';
import { isAnchor, type Authority } from '../facts/authority.ts';
import type { CertsFolder, StoreFacts, Trusted } from '../facts/stores.ts';
import { originOf, type Target } from '../target.ts';
import type { Here } from './route.ts';

/** What the checks of the trust stores need to know. */
interface TrustCase {
  readonly chain: readonly X509Certificate[];
  readonly authority: Authority | undefined;
  /** Public roots that all clients trust. */
  readonly isPublic: boolean;
  /** Whether all addresses of the server are of this machine alone. */
  readonly isLoopback: boolean;
  readonly here: Here;
}

/** Clients that verify nothing on their own machine (distribution: "Test an insecure registry"). */
const EXEMPTING: readonly string[] = ['docker', 'docker-rootless'];

/** Whether a client trusts the server, and if not, how it comes to. */
export function checkTrust(target: Target, store: StoreFacts, given: TrustCase): Check {
  const { client } = store;
  const subject = { id: `trust.${client}`, what: `trust of ${client}` };
  if (given.chain.length === 0) return skipped(subject, 'the server showed no certificate');
  if (given.isLoopback && EXEMPTING.includes(client)) {
    return skipped(subject, 'Docker verifies nothing at addresses of its own machine (127.0.0.0/8)');
  }
  const trap = store.folders
    .map((folder) => findTrap(folder, given.here))
    .find((found) => found !== undefined);
  if (trap !== undefined) return wrong(subject, trap.why, trap.cure);
  if (store.isTold) return fine(subject, 'it knows the CA of the server');
  const anchor = findAnchor(store, given);
  return anchor === undefined
    ? untrusted(subject, { target, store, given })
    : trusted(subject, anchor, { store, given });
}

/** Trust of the system is enough where a client looks there, whatever its own settings say. */
function findAnchor({ trusted, missing, system }: StoreFacts, { chain }: TrustCase): Trusted | undefined {
  return trusted.find(
    ({ certificate, path }) => (missing === undefined || path === system) && isAnchor(certificate, chain),
  );
}

function trusted(
  subject: Pick<Check, 'id' | 'what'>,
  anchor: Trusted,
  { store, given }: Pick<Untrusted, 'store' | 'given'>,
): Check {
  if (!store.isStale || isOwn(anchor, store)) return fine(subject, `its CA is in ${anchor.path}`);
  return wrong(
    subject,
    `the CA is in ${anchor.path}, which the Docker engine read before that: a reload is not enough`,
    asRoot('systemctl restart docker', given.here.isRoot),
  );
}

function isOwn({ path }: Trusted, { folders }: StoreFacts): boolean {
  return folders.some((folder) => path.startsWith(`${folder.path}/`));
}

interface Trap {
  readonly why: string;
  readonly cure: string;
}

/** Names of files that clients ignore or take for something else (Docker: "Verify repository client with certificates"). */
function findTrap({ path, files }: CertsFolder, { isRoot }: Here): Trap | undefined {
  const move = (from: string, to: string): string =>
    `${isRoot ? '' : 'sudo '}mv ${shellWord(`${path}/${from}`)} ${shellWord(`${path}/${to}`)}`;
  const key = files.find((name) => name.endsWith('.key') && !files.includes(name.replace(/key$/, 'cert')));
  if (key !== undefined) {
    return {
      why: `${path}/${key} is taken for the key of a client certificate, which is not there (missing client certificate): a CA's key does not belong on a client`,
      cure: move(key, `${key}.moved`),
    };
  }
  const lonely = files.find(
    (name) => name.endsWith('.cert') && !files.includes(name.replace(/cert$/, 'key')),
  );
  if (lonely !== undefined) {
    return {
      why: `${path}/${lonely} is taken for a client certificate, whose key is not there (missing key): the certificate of a CA ends with .crt`,
      cure: move(lonely, lonely.replace(/cert$/, 'crt')),
    };
  }
  const ignored = files.find((name) => /\.(?:pem|cer|der|ca|txt)$/.test(name));
  if (ignored === undefined || files.some((name) => /\.(?:crt|toml)$/.test(name))) return undefined;
  return {
    why: `${path}/${ignored} is read by nobody: the certificate of a CA ends with .crt`,
    cure: move(ignored, ignored.replace(/\.\w+$/, '.crt')),
  };
}

interface Untrusted {
  readonly target: Target;
  readonly store: StoreFacts;
  readonly given: TrustCase;
}

function untrusted(subject: Pick<Check, 'id' | 'what'>, { target, store, given }: Untrusted): Check {
  const { client, folders, trusted, needsRoot } = store;
  const { authority, isPublic } = given;
  if (isPublic) return fine(subject, 'its CA is a public one');
  const others = folders.flatMap(({ others }) => others);
  const own = trusted.find((one) => isOwn(one, store));
  const reason =
    own === undefined
      ? `it does not have the CA of the server${others.length === 0 ? '' : `, only files for ${others.join(', ')}`} ("certificate signed by unknown authority")`
      : `${own.path} is another CA than that of the server, which may have been made anew`;
  const force = own === undefined ? '' : ' --force';
  const command = `certs trust --for ${client} ${target.registry}${force}`;
  const cure = `${needsRoot ? 'sudo ' : ''}${trustCommand(command, target, authority)}`;
  return wrong(
    subject,
    `${reason}${adviceFor(authority)}`,
    cure,
    authority?.isProven === true && !needsRoot && own === undefined ? { kind: 'trust', client } : undefined,
  );
}

function adviceFor(authority: Authority | undefined): string {
  if (authority === undefined) return '. Get its file from who runs the server';
  if (authority.isProven) return '';
  return `. Compare first: on the server, certs status must print for the CA ${authority.sha256}`;
}

function trustCommand(command: string, target: Target, authority: Authority | undefined): string {
  const gate = `registry-gate ${command}`;
  switch (authority?.source) {
    case 'configuration':
      return gate;
    case 'gate':
      return `${gate} --from ${originOf(target)} --fingerprint ${authority.sha256}`;
    case 'chain':
      return `${fetchLast(target)} > ca.crt && ${compare(authority.sha256)} && ${gate} --ca ca.crt`;
    case 'file':
      return `${gate} --ca ${shellWord(authority.path ?? 'ca.crt')}`;
    case undefined:
      return `${gate} --ca ca.crt`;
  }
}

/** What is fetched later may be another certificate than the one that was looked at. */
function compare(sha256: string): string {
  return `openssl x509 -in ca.crt -noout -fingerprint -sha256 | tr -d : | grep -qi ${sha256}`;
}

/** Prints the last certificate that the server sends: the one that signed itself. */
function fetchLast({ host, port }: Target): string {
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return `openssl s_client -connect ${place} -showcerts </dev/null 2>/dev/null | awk '/BEGIN CERT/{c=""} {c=c $0 "\\n"} /END CERT/{last=c} END{printf "%s", last}'`;
}
