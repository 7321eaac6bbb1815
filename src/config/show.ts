import { stringify } from 'yaml';
import { renderBackend } from './values/backend-url.ts';
import { renderListenAddress } from './values/listen-address.ts';
import type { LoadedConfig } from './load.ts';
import type { OptionRow } from './options.ts';
import type { Config } from './schema/schema.ts';

/** The configuration as a user would write it, in the order of the options: `***` for a secret, null for an option that is not set. */
export function showConfig(config: Config, rows: readonly OptionRow[]): Readonly<Record<string, unknown>> {
  const root: Record<string, unknown> = {};
  for (const row of rows) {
    const [first = '', second] = row.path.split('.');
    const value = shownValue(config, row);
    root[first] = second === undefined ? value : Object.assign(root[first] ?? {}, { [second]: value });
  }
  return root;
}

/** `showConfig` as valid YAML. A comment says where each option was set that is not at its default. */
export function renderConfig({ config, origins }: LoadedConfig, rows: readonly OptionRow[]): string {
  let group: string | undefined;
  const lines = rows.flatMap((row) => {
    const [first = '', second] = row.path.split('.');
    const value = shownValue(config, row);
    const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0, compat: 'yaml-1.1' }).trim();
    const remark = value === null ? 'not set' : (origins.get(row.path) ?? remarkOf(row.path));
    const line = `${second ?? first}: ${text}${remark === undefined ? '' : ` # ${remark}`}`;
    if (second === undefined) return [line];
    const head = group === first ? [] : [`${first}:`];
    group = first;
    return [...head, `  ${line}`];
  });
  return `${lines.join('\n')}\n`;
}

/** Marks a default that another command overrides. */
function remarkOf(path: string): string | undefined {
  return path === 'backend' ? 'the default of serve; up uses embedded:./data instead' : undefined;
}

function shownValue(config: Config, row: OptionRow): unknown {
  const value = written(config, row.path);
  if (value === undefined) return row.byDefault === 'unlimited' ? 'unlimited' : null;
  if (row.kind === 'rate') return `${String(value)}B/s`;
  return row.secret ? '***' : value;
}

function written(config: Config, path: string): unknown {
  if (path === 'listen') return config.listen.map(renderListenAddress);
  if (path === 'redirectListen') return config.redirectListen && renderListenAddress(config.redirectListen);
  if (path === 'metrics.listen') return config.metrics.listen && renderListenAddress(config.metrics.listen);
  if (path === 'backend') return renderBackend(config.backend);
  if (path === 'publicUrl') return config.publicUrl && `https://${config.publicUrl}`;
  return path
    .split('.')
    .reduce<unknown>((value, key) => new Map(Object.entries(Object(value))).get(key), config);
}
