import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { readAccessFile } from '../../src/config/access/access-file.ts';
import { compilePolicy } from '../../src/auth/policy/compile.ts';
import { failedExpectations } from '../../src/auth/policy/expectation.ts';
import { headingsOf, linksOf, proseOf } from '../support/pages.ts';
import { recordingTerminal } from '../support/terminal.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const english = readFileSync(resolve(ROOT, 'README.md'), 'utf8');
const korean = readFileSync(resolve(ROOT, 'README.ko.md'), 'utf8');

/** Where each section leads: its files with their anchors, and sections of the page itself by their number. */
function linksBySection(page: string): readonly (readonly string[])[] {
  const anchors = headingsOf(page).map(({ anchor }) => anchor);
  return proseOf(page)
    .split(/^#+ /m)
    .map((section) =>
      [...section.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => {
        if (target.startsWith('#')) return `section ${anchors.indexOf(target.slice(1))}`;
        return target.replace('README.ko.md', 'README.md');
      }),
    );
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** The blocks that a reader pastes, and the code spans that stand in tables and sentences and begin with a command. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/```console\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  const spans = [...text.matchAll(/`((?:gate|npm|docker|curl|openssl|htpasswd|update-ca)[ -][^`]*)`/g)].map(
    (match) => match[1] ?? '',
  );
  return [...blocks, ...spans.toSorted()];
}

/** `gate certs init --host HOST` to its words and its long options. */
function gateCommands(
  text: string,
): { readonly words: readonly string[]; readonly options: readonly string[] }[] {
  const lines = commandsOf(text).flatMap((block) => block.split('\n'));
  return lines
    .map((line) => /(?:^\$ |^)(?:gate|docker compose run --rm gate) (.+)$/.exec(line)?.[1])
    .filter((command) => command !== undefined)
    .map((command) => ({
      words: /^[a-z ]+/.exec(command)?.[0].trim().split(' ') ?? [],
      options: [...command.matchAll(/--[a-z-]+/g)].map((match) => match[0]),
    }));
}

function find(program: Command, words: readonly string[]): Command {
  const [word, ...rest] = words;
  const child = program.commands.find((command) => command.name() === word);
  return child === undefined ? program : find(child, rest);
}

describe('the READMEs', () => {
  it('have the same commands in the same order, in English and in Korean', () => {
    expect(commandsOf(korean)).toEqual(commandsOf(english));
  });

  it('have the same sections, table rows and list items', () => {
    const depths = (page: string): readonly number[] => headingsOf(page).map(({ depth }) => depth);
    expect(depths('README.ko.md')).toEqual(depths('README.md'));
    const shape = (text: string): number[] =>
      [/^ *\| /gm, /^- /gm, /^\d\. /gm].map((mark) => [...text.matchAll(mark)].length);
    expect(shape(korean)).toEqual(shape(english));
  });

  it('have the same links in the same order in each section', () => {
    expect(linksBySection('README.ko.md')).toEqual(linksBySection('README.md'));
  });

  it('have every section in their contents', () => {
    const sections = headingsOf('README.md').filter(({ depth }) => depth === 2);
    const inside = linksOf('README.md').filter(({ path }) => path === 'README.md');
    const missing = sections.filter(({ anchor }) => !inside.some((link) => link.anchor === anchor));
    expect(missing).toEqual([{ depth: 2, anchor: 'more' }]);
  });

  it('have the same words in code', () => {
    const code = (text: string): readonly string[] =>
      [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span).toSorted();
    expect(code(withoutBlocks(korean))).toEqual(code(withoutBlocks(english)));
  });

  it('name commands and options that exist', async () => {
    const program = await createProgram(recordingTerminal(), { code: 0 });
    const wrong = gateCommands(english).filter(({ words, options }) => {
      const command = find(program, words);
      const known = command.options.map((option) => option.long);
      return command === program || options.some((option) => !known.includes(option));
    });
    expect(gateCommands(english).length).toBeGreaterThan(8);
    expect(wrong).toEqual([]);
  });

  it('show an access file that is in order and meets its own expectations', () => {
    const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(english) ?? [];
    expect(/```yaml\n([\s\S]*?)```/.exec(korean)?.[1]).toBe(text);
    const { file, problems } = readAccessFile('access.yml', text);
    const compiled = compilePolicy(file, { users: new Set(['alice', 'bob']) });
    expect(compiled.expectations).toHaveLength(2);
    expect([...problems, ...compiled.problems, ...compiled.warnings]).toEqual([]);
    expect(failedExpectations(compiled.policy, compiled.expectations)).toEqual([]);
  });
});
