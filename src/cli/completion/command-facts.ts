import type { Argument, Command, Option } from 'commander';
import { describeOptions } from '../../config/options.ts';
import { TRUST_CLIENTS } from '../../pki/trust/clients.ts';

/** The hidden command that the scripts ask for names. */
export const NAMES_COMMAND = 'complete-names';

/** What a shell offers for a value. */
type Offer =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** `image` and `repository` are names that registries tell. */
  | { readonly kind: 'file' | 'directory' | 'image' | 'repository' | 'nothing' };

interface OptionFacts {
  /** With dashes: `--json`; the long one first. */
  readonly names: readonly string[];
  readonly summary: string;
  /** Undefined for an option without a value. */
  readonly offer: Offer | undefined;
}

/** A command as completion and the man page see it. */
export interface CommandFacts {
  /** Without the program: `images copy`; empty for the program itself. */
  readonly path: string;
  readonly summary: string;
  readonly children: readonly CommandFacts[];
  readonly options: readonly OptionFacts[];
  /** What is offered for each argument. */
  readonly offers: readonly Offer[];
  /** What is offered for all arguments that follow these. */
  readonly more: Offer | undefined;
}

const NOTHING: Offer = { kind: 'nothing' };
const ACTIONS: Offer = { kind: 'words', words: ['pull', 'push', 'delete'] };

/** Options and arguments whose values are words, and which commander does not check. */
const WORDS: Readonly<Record<string, Offer>> = {
  'certs trust --for': { kind: 'words', words: TRUST_CLIENTS },
  'tokens create --allow': ACTIONS,
  'audit show --action': ACTIONS,
  'access check action': ACTIONS,
};

/** Reads the visible commands of a tree. */
export function readCommandFacts(command: Command, parents = ''): CommandFacts {
  const path = command.parent === null ? '' : `${parents} ${command.name()}`.trim();
  const help = command.createHelp();
  const last = command.registeredArguments.at(-1);
  return {
    path,
    summary: firstSentence(command.description()),
    children: help
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
      .map((child) => readCommandFacts(child, path)),
    options: help.visibleOptions(command).map((option) => readOption(option, path)),
    offers: command.registeredArguments.map((argument) => offerForArgument(argument, path)),
    more: last?.variadic === true ? offerForArgument(last, path) : undefined,
  };
}

/** All commands of a tree, each before those in it. */
export function allCommands(facts: CommandFacts): readonly CommandFacts[] {
  return [facts, ...facts.children.flatMap(allCommands)];
}

function readOption(option: Option, path: string): OptionFacts {
  return {
    names: [option.long, option.short].filter((name) => name !== undefined),
    summary: firstSentence(option.description),
    offer: option.required || option.optional ? offerForOption(option, path) : undefined,
  };
}

function offerForOption({ argChoices, long, flags }: Option, path: string): Offer {
  const words = argChoices ?? choicesOfConfig().get(long ?? '');
  if (words !== undefined) return { kind: 'words', words };
  return WORDS[`${path} ${long}`] ?? offerForPlaceholder(/<(.+)>/.exec(flags)?.[1] ?? '', path);
}

function offerForArgument(argument: Argument, path: string): Offer {
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
  return WORDS[`${path} ${argument.name()}`] ?? offerForPlaceholder(argument.name(), path);
}

/** The placeholders of the help say what a value is: `--certs <DIR>`, `<image>`. */
function offerForPlaceholder(placeholder: string, path: string): Offer {
  const word = placeholder.toLowerCase().replace(/\.+$/, '');
  if (word === 'file') return { kind: 'file' };
  if (word === 'dir' || word === 'directory') return { kind: 'directory' };
  if (!path.startsWith('images')) return NOTHING;
  if (/repositor|registr/.test(word)) return { kind: 'repository' };
  return /^(?:images?|source|target|new-?tag|a|b)$/.test(word) ? { kind: 'image' } : NOTHING;
}

let choices: ReadonlyMap<string, readonly string[]> | undefined;

/** Flag of the configuration -> its values, if it is a choice. */
function choicesOfConfig(): ReadonlyMap<string, readonly string[]> {
  choices ??= new Map(
    describeOptions().flatMap(({ flag, kind, values }) =>
      flag === undefined || kind !== 'choice'
        ? []
        : [[flag.replace(/ .*$/, ''), values.replaceAll('`', '').split(', ')] as const],
    ),
  );
  return choices;
}

/** The last word of the path of a command. */
export function nameOf({ path }: Pick<CommandFacts, 'path'>): string {
  return path.split(' ').at(-1) ?? '';
}

/** An offer as one word of a script: `file`, `words:a,b`. */
export function wordOf(offer: Offer): string {
  return offer.kind === 'words' ? `words:${offer.words.join(',')}` : offer.kind;
}

/** `PATH OPTION`, `PATH NUMBER-OF-ARGUMENT` or `PATH more`, each with what is offered there. */
export function offersOf({
  path,
  options,
  offers,
  more,
}: CommandFacts): readonly (readonly [string, Offer])[] {
  return [
    ...options.flatMap(({ names, offer }) =>
      offer === undefined ? [] : names.map((name) => [`${path} ${name}`, offer] as const),
    ),
    ...offers.map((offer, at) => [`${path} ${at}`, offer] as const),
    ...(more === undefined ? [] : [[`${path} more`, more] as const]),
  ];
}

/** The first sentence, without its full stop. */
function firstSentence(text: string): string {
  return (/^.*?(?=\.(?: |$))/s.exec(text)?.[0] ?? text).replaceAll('\n', ' ');
}
