import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { METRICS, type MetricRow } from '../../src/observe/metrics/table.ts';
import { temporaryFolder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const DEPLOY = resolve(import.meta.dirname, '../../deploy');
const RULES = resolve(DEPLOY, 'alert-rules.yml');
const table: Readonly<Record<string, MetricRow>> = METRICS;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const { groups }: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } = parse(
  readFileSync(RULES, 'utf8'),
);
const rules = groups.flatMap((group) => group.rules);

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard: { readonly panels: readonly Panel[] } = JSON.parse(
  readFileSync(resolve(DEPLOY, 'grafana-dashboard.json'), 'utf8'),
);
const targets = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

/** The metrics that an expression reads, with the labels that it names in braces. */
function metricsOf(expr: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:registry_gate|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', braces = '']) => ({
      name,
      labels: [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }),
  );
}

/** What Prometheus itself adds to each line. */
const ADDED = ['job', 'instance', 'worker', 'le'];

function mistakesIn(expr: string): string[] {
  return metricsOf(expr).flatMap(({ name, labels }) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, '');
    const row = table[name] ?? (table[base]?.type === 'histogram' ? table[base] : undefined);
    if (row === undefined) return [`no metric ${name}`];
    if (row.type === 'histogram' && name === base) return [`${name} is a histogram`];
    if (row.type === 'counter' && !/rate|increase/.test(expr))
      return [`${name} is a counter, and only grows`];
    return labels
      .filter((label) => !(label in row.labels) && !ADDED.includes(label))
      .map((label) => `${name} has no label ${label}`);
  });
}

/** Labels that a sum keeps, and that stand in a legend or a text. */
function labelsKept(expr: string): string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
}

describe('the alerts', () => {
  it.each(rules)('$alert asks for metrics and labels that there are', ({ expr }) => {
    expect(mistakesIn(expr)).toEqual([]);
    expect(expr).toMatch(/registry_gate_|process_|^up\{/);
    const known = new Set([
      ...ADDED,
      ...metricsOf(expr).flatMap(({ name }) => Object.keys(table[name]?.labels ?? {})),
    ]);
    expect(labelsKept(expr).filter((label) => !known.has(label))).toEqual([]);
  });

  it.each(rules)('$alert says what to do', ({ alert, labels, annotations }) => {
    expect(alert).toMatch(/^RegistryGate[A-Z]/);
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\.$/);
    expect(annotations.description).toMatch(/\.$/);
  });

  it('have names of their own', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});

describe('the dashboard', () => {
  it.each(targets)('$title: $expr', ({ expr }) => {
    expect(metricsOf(expr).length).toBeGreaterThan(0);
    expect(mistakesIn(expr)).toEqual([]);
  });

  it.each(dashboard.panels)('$title has a legend of labels that are kept', ({ targets: its }) => {
    for (const { expr, legendFormat } of its) {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      const kept = /\bby \(/.test(expr) ? labelsKept(expr) : [...ADDED, 'place'];
      expect(named.filter((label) => !kept.includes(label))).toEqual([]);
    }
  });

  it('shows every metric but the version', () => {
    const shown = targets
      .flatMap(({ expr }) => metricsOf(expr))
      .map(({ name }) => name.replace(/_(?:bucket|sum|count)$/, ''));
    const absent = Object.keys(METRICS).filter((name) => !shown.includes(name));
    expect(absent).toEqual(['registry_gate_password_hash_queue_limit', 'registry_gate_build_info']);
  });

  it('has panels that do not overlap', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });
});

describeWith(['promtool'], 'promtool', () => {
  it('accepts the alerts', () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toContain(`${rules.length} rules found`);
    expect(status).toBe(0);
  });

  it('reads what the dashboard asks', async () => {
    const records = targets.map(({ expr }, at) => ({
      record: `x${at}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const folder = await temporaryFolder('promql');
    try {
      const file = resolve(folder.path, 'rules.yml');
      await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules: records }] }));
      const { stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
      expect(`${stdout}${stderr}`).toContain(`${records.length} rules found`);
    } finally {
      await folder.close();
    }
  });
});
