import type { Command } from 'commander';
import { closest } from '../../config/closest.ts';
import { AppError } from '../../lib/errors.ts';

/** Accepts what other programs accept: `version` and `-v` for `--version`, `help certs init` for `certs init --help`. */
export function usualWords(argv: readonly string[]): readonly string[] {
  const [first = '', ...rest] = argv;
  if (argv.length === 1 && ['version', '-v'].includes(first)) return ['--version'];
  return first === 'help' && rest.length > 0 ? [...rest, '--help'] : argv;
}

/**
 * Refuses an unknown command, which commander ignores together with `--help`. Throws AppError USAGE that suggests what was
 * probably meant.
 */
export function refuseUnknownCommand(program: Command, argv: readonly string[]): void {
  let command = program;
  for (const word of argv) {
    if (word.startsWith('-') || command.commands.length === 0) return;
    const next = command.commands.find((child) => child.name() === word);
    if (next === undefined && word !== 'help') throw unknownCommand(command, word);
    command = next ?? command;
  }
}

function unknownCommand(command: Command, word: string): AppError {
  const visible = command.createHelp().visibleCommands(command);
  const near = closest(
    word,
    visible.map((child) => child.name()),
  );
  const name = commandName(command);
  const group = command.parent === null ? '' : `${command.name()} `;
  const suggestion = near === undefined ? '' : `Did you mean ${group}${near}? `;
  return new AppError('USAGE', {
    message: `There is no command ${JSON.stringify(word.slice(0, 80))}.`,
    hint: `${suggestion}See: ${name} --help`,
  });
}

/** Refuses an option with an empty value, usually a shell variable that is not set. Throws AppError USAGE. */
export function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    const isGiven = command.getOptionValueSource(option.attributeName()) === 'cli';
    if (!isGiven || (value !== '' && !(Array.isArray(value) && value.includes('')))) continue;
    throw new AppError('USAGE', {
      message: `${option.long ?? option.flags} has an empty value.`,
      hint: `Give it a value, or leave it out. See: ${commandName(command)} --help`,
    });
  }
}

/** A usage error of commander in the form of errors here. */
export function misuseWords(command: Command, text: string): string {
  const [first = '', ...suggestions] = text.trim().split('\n');
  const sentence = first
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace(/^./, (letter) => letter.toUpperCase());
  const flags = /^Required option '(.+)' not specified$/.exec(sentence)?.[1];
  const required = command.options.find((option) => option.flags === flags);
  const lines = [
    `registry-gate: error[USAGE]: ${sentence}.`,
    ...(required === undefined ? [] : [`  ${required.description}`]),
    ...suggestions.map((line) => `  ${line.replace(/^\((.*)\)$/, '$1')}`),
    `  See: ${commandName(command)} --help`,
    '',
  ];
  return lines.join('\n');
}

/** `registry-gate certs init`. */
function commandName(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${commandName(parent)} ${command.name()}`;
}
