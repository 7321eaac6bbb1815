import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderReferences } from '../../src/cli/docs.ts';
import { createProgram, run } from '../../src/cli/program.ts';
import { describeOptions } from '../../src/config/options.ts';
import { loadCase } from '../support/config.ts';
import { recordingTerminal } from '../support/terminal.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the generated references', async () => {
  const references = renderReferences(await createProgram(recordingTerminal(), { code: 0 }));

  it.each([...references])('docs/%s is what `npm run docs` writes', (name, text) => {
    expect(read(`docs/${name}`)).toBe(text);
  });

  it('do not depend on the width of the terminal', async () => {
    const program = await createProgram(recordingTerminal(), { code: 0 });
    program.configureOutput({ getOutHelpWidth: () => 40, getOutHasColors: () => true });
    expect(renderReferences(program)).toEqual(references);
  });

  it.each(describeOptions())('name $path, its variable and its flag', ({ path, env, flag, secret }) => {
    const text = references.get('configuration.md') ?? '';
    const names = [path, env, secret ? `${env}_FILE` : undefined, flag].filter((name) => name !== undefined);
    expect(text).toContain(`| ${names.map((name) => `\`${name}\``).join('<br>')} |`);
  });

  it('have a section for every visible command', () => {
    const text = references.get('cli.md') ?? '';
    for (const name of ['serve', 'certs', 'users', 'config', 'config check', 'config show']) {
      expect(text).toContain(`## \`registry-gate ${name}\``);
    }
    expect(text).not.toContain('registry-gate docs');
  });
});

describe('docs/errors.md', () => {
  const source = read('src/lib/errors.ts');
  const union = /export type ErrorCode =([^;]*);/.exec(source)?.[1] ?? '';
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1]);
  const text = read('docs/errors.md');

  const CLIENTS = 'What clients print';

  it('has a section for every code, in their order, and one for what clients print', () => {
    expect(codes.length).toBeGreaterThan(0);
    expect([...text.matchAll(/^## `?(.*?)`?$/gm)].map((match) => match[1])).toEqual([...codes, CLIENTS]);
  });

  const all = text.split(/^## /m).slice(1);
  const sections = all.filter((section) => !section.startsWith(CLIENTS));
  const answers = all.flatMap((section) =>
    section.startsWith(CLIENTS) ? section.split(/^### /m).slice(1) : [],
  );

  it.each(sections.map((section) => [section.split('\n')[0], section] as const))(
    '%s says when, meaning and cure',
    (_, section) => {
      const parts = [...section.matchAll(/^\*\*(\w+)\*\*: \S/gm)].map((match) => match[1]);
      expect(parts).toEqual(['When', 'Meaning', 'Cure']);
    },
  );

  it.each([
    'x509: certificate signed by unknown authority',
    'no basic auth credentials',
    '401 Unauthorized',
    '502 Bad Gateway',
    'server gave HTTP response to HTTPS client',
    'denied',
    'blob upload unknown',
  ])('answers what clients print: %s', (message) => {
    expect(answers.map((answer) => answer.split('\n')[0])).toContain(`\`${message}\``);
  });

  it.each(answers.map((answer) => [answer.split('\n')[0], answer] as const))(
    '%s says meaning and cure',
    (_, answer) => {
      const parts = [...answer.matchAll(/^\*\*(\w+)\*\*: \S/gm)].map((match) => match[1]);
      expect(parts).toEqual(['Meaning', 'Cure']);
    },
  );

  it('names commands that there are', async () => {
    const program = await createProgram(recordingTerminal(), { code: 0 });
    const named = [...text.matchAll(/`registry-gate ([a-z]+)(?: ([a-z]+))?/g)];
    for (const [whole, group = '', name = ''] of named) {
      const command = program.commands.find((it) => it.name() === group);
      const isKnown = command?.commands.length === 0 || command?.commands.some((it) => it.name() === name);
      expect({ whole, isKnown }).toEqual({ whole, isKnown: true });
    }
  });

  it('shows the code as messages have it', async () => {
    const terminal = recordingTerminal();
    await run(['serve', '--certs', '/nonexistent'], terminal);
    expect(terminal.stderr()).toMatch(/^registry-gate: error\[CERT_MISSING\]: \/nonexistent/);
    expect(text).toContain('registry-gate: error[CERT_MISSING]: ');
  });

  it('has no code that nothing throws', () => {
    const thrown = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && path !== join('lib', 'errors.ts'))
      .map((path) => read(join('src', path)))
      .join('\n');
    expect(codes.filter((code) => !thrown.includes(`'${code}'`))).toEqual([]);
  });
});

describe('registry-gate.example.yml', () => {
  const text = read('registry-gate.example.yml');

  it('is accepted and says what holds without it', async () => {
    const { config } = await loadCase({ files: { 'registry-gate.yml': text } });
    const { config: defaults } = await loadCase({});
    expect({ ...config, certs: './certs' }).toEqual(defaults);
  });

  it.each(describeOptions())('has $path', ({ path }) => {
    const [first = '', second] = path.split('.');
    const section = new RegExp(`^${first}:(.*(?:\\n(?: .*)?)*)`, 'm').exec(text)?.[0] ?? '';
    expect(section).toMatch(
      second === undefined ? new RegExp(`^${first}:`) : new RegExp(`^  ${second}:`, 'm'),
    );
  });
});
