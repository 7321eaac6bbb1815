import { Command } from 'commander';
import type { TokenScope } from '../../auth/principal.ts';
import { lastUseOf, sessionsFile } from '../../auth/sessions/file-sessions.ts';
import { createSessionCheck, type SeenSession } from '../../auth/sessions/session.ts';
import { createCurrentCheck } from '../../auth/tokens/store/identity-store.ts';
import { identityTokensFile, type IdentityToken } from '../../auth/tokens/store/identity-token.ts';
import { readFingerprints } from '../../auth/tokens/store/key-ring.ts';
import { expiryWarning } from '../../auth/tokens/store/lifetime.ts';
import { machineTokensFile, type MachineToken } from '../../auth/tokens/store/machine-token.ts';
import type { StatePaths } from '../../auth/tokens/store/state-paths.ts';
import { readState } from '../../auth/tokens/store/state-file.ts';
import { useLogFile } from '../../auth/tokens/store/use-log.ts';
import { credentialVersions } from '../../auth/users/htpasswd-directory.ts';
import { readUsersFileIfAny } from '../../auth/users/users-file.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addStateOptions, findState, type StateFiles, type StateOptions } from '../config/file-options.ts';
import { printableJson } from '../../lib/printable.ts';
import { renderTable } from '../terminal/render-table.ts';

const HEAD = ['ID', 'NAME', 'WHAT', 'ENDS', 'LAST USED', ''];

interface ListOptions extends StateOptions {
  readonly json?: true;
}

interface MachineRow {
  readonly kind: 'machine';
  readonly id: string;
  readonly name: string;
  /** Null if the access rules apply. */
  readonly scope: TokenScope | null;
  readonly networks: readonly string[];
  /** The user who made it on the pages; null if a command did. */
  readonly maker: string | null;
  readonly created: string;
  readonly expires: string | null;
  readonly lastUsed: string | null;
  /** A remark about its expiry. */
  readonly note: string | null;
}

interface DeviceRow {
  readonly kind: 'device';
  readonly id: string;
  readonly name: string;
  readonly client: string;
  readonly agent: string;
  readonly address: string;
  readonly created: string;
  readonly lastUsed: string | null;
  readonly note: string | null;
}

interface BrowserRow extends Omit<DeviceRow, 'kind' | 'client'> {
  readonly kind: 'browser';
}

type Row = MachineRow | DeviceRow | BrowserRow;

/** `tokens list`: lists machines, devices and browsers, without secrets and hashes. */
export function listTokens(terminal: Terminal): Command {
  return addStateOptions(new Command('list'))
    .description('List the tokens of machines, and the devices and browsers that people signed in with.')
    .option('--json', 'Print JSON.')
    .action(async (options: ListOptions) => {
      const rows = await readRows(await findState(options, terminal));
      terminal.out(
        options.json === true ? `${printableJson(rows, 2)}\n` : renderTable(HEAD, rows.map(cellsOf)),
      );
    });
}

async function readRows({ paths, users }: StateFiles): Promise<readonly Row[]> {
  const now = Date.now();
  const [machines, devices, browsers, used] = await Promise.all([
    readState(machineTokensFile(paths.machineTokens)),
    readState(identityTokensFile(paths.identityTokens)),
    readState(sessionsFile(paths.sessions)),
    readUses(paths),
  ]);
  const { document } = await readUsersFileIfAny(users);
  const versions = credentialVersions(document);
  const uses = { lastUse: (id: string) => momentOf(used.get(id)) };
  const check = {
    keys: { fingerprint: await readFingerprints(paths.keys) },
    directory: { credentialVersion: versions },
    now: () => now,
  };
  const isCurrent = createCurrentCheck({ ...check, uses });
  const isCurrentSession = createSessionCheck(check);
  return [
    ...machines.state.tokens.map((token) => {
      const isMakerGone = token.maker !== undefined && versions(token.maker) === undefined;
      return machineRow(token, { lastUsed: used.get(token.id) ?? null, isMakerGone, now });
    }),
    ...devices.state.tokens.map((token) => deviceRow(token, used.get(token.id), isCurrent(token))),
    ...browsers.state.sessions.map((session) => {
      const lastUsed = lastUseOf(session, uses);
      return browserRow({ ...session, lastUsed }, isCurrentSession({ ...session, lastUsed }));
    }),
  ];
}

async function readUses({
  uses,
  sessionUses,
}: Pick<StatePaths, 'uses' | 'sessionUses'>): Promise<ReadonlyMap<string, string>> {
  const files = await Promise.all([readState(useLogFile(uses)), readState(useLogFile(sessionUses))]);
  return new Map(files.flatMap(({ state }) => Object.entries(state.used)));
}

function momentOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

interface MachineFacts {
  readonly lastUsed: string | null;
  readonly isMakerGone: boolean;
  readonly now: number;
}

function machineRow(token: MachineToken, { lastUsed, isMakerGone, now }: MachineFacts): MachineRow {
  const { id, name, scope, networks, maker = null, created, expires } = token;
  const gone = isMakerGone ? `ended: ${maker ?? ''}, who made it, is no user any more` : undefined;
  const note = gone ?? expiryWarning(token, now) ?? null;
  return { kind: 'machine', id, name, scope, networks, maker, created, expires, lastUsed, note };
}

function deviceRow(token: IdentityToken, lastUsed: string | undefined, isCurrent: boolean): DeviceRow {
  const { id, user: name, client, agent, address, created } = token;
  const note = isCurrent ? null : 'ended: the password was changed, or it was not used for 90 days';
  return { kind: 'device', id, name, client, agent, address, created, lastUsed: lastUsed ?? null, note };
}

function browserRow(session: SeenSession, isCurrent: boolean): BrowserRow {
  const { id, user: name, agent, address, created, lastUsed } = session;
  const note = isCurrent
    ? null
    : 'ended: the password was changed, it was not used for 12 hours, or it was 14 days old';
  return {
    kind: 'browser',
    id,
    name,
    agent,
    address,
    created,
    lastUsed: new Date(lastUsed).toISOString(),
    note,
  };
}

function cellsOf(row: Row): readonly string[] {
  const ends = row.kind === 'machine' ? (row.expires?.slice(0, 10) ?? 'never') : '-';
  const lastUsed = row.lastUsed === null ? 'never' : row.lastUsed.slice(0, 16).replace('T', ' ');
  return [row.id, row.name, whatOf(row), ends, lastUsed, row.note ?? ''];
}

function whatOf(row: Row): string {
  if (row.kind === 'machine') return rightsOf(row);
  const client = row.kind === 'device' ? row.client : '';
  return `${row.kind}: ${client || row.agent || 'unknown'} at ${row.address}`;
}

function rightsOf(row: MachineRow): string {
  const parts = row.scope?.map(({ repositories, allow }) => `${allow.join(',')} ${repositories.join(' ')}`);
  const from = row.networks.length === 0 ? '' : ` from ${row.networks.join(' ')}`;
  const by = row.maker === null ? '' : `, made by ${row.maker}`;
  return `${parts?.join('; ') ?? 'by access rules'}${from}${by}`;
}
