import { Command, InvalidArgumentError, Option } from 'commander';
import { printableJson } from '../../../lib/printable.ts';
import { parseAge } from '../../terminal/age.ts';
import { EXIT, type ExitStatus } from '../../terminal/exit-status.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addConnectionOptions } from '../connection/connection-options.ts';
import { runConnected } from '../connection/run-connected.ts';
import { groupNames, selectionOf, type Asked, type RemoveContext, type RemoveOptions } from './asked.ts';
import { removePlanned } from './remove-planned.ts';
import { refuseUnsupported, resultJson, sayWhatIsNext } from './results.ts';
import { removeTags } from './remove-tags.ts';

const DETAILS = `
IMAGE is REPOSITORY:TAG, which goes alone: its image and the other tags of it stay. REPOSITORY@DIGEST goes with all its
tags. A REPOSITORY needs options that select: a tag goes only if all of them say so. --keep-last counts images, the newest
first, among the tags that --match and --except leave. The time is when the image was made, as it says itself; where
it says none, the image stays. What an index that stays needs is not removed. Signatures and SBOMs go with their image.

A plan is shown first. It is carried out with --yes, or if you agree on a terminal.
`;

/** `images remove`: removes tags, images by digest, or what options select. */
export function removeCommand(terminal: Terminal, exit: ExitStatus): Command {
  const command = new Command('remove')
    .description('Remove tags or images from a registry.')
    .argument('<IMAGE...>', 'REPOSITORY:TAG, REPOSITORY@DIGEST, or a REPOSITORY with options that select.')
    .addOption(new Option('--match <GLOB>', 'Select tags like this: pr-*. Repeatable.').argParser(collect))
    .addOption(new Option('--except <GLOB>', 'But not tags like this. Repeatable.').argParser(collect))
    .addOption(
      new Option('--keep-last <N>', 'Select all but the newest N images.').argParser((text) => count(text)),
    )
    .addOption(
      new Option('--older-than <DURATION>', 'Select images that were made longer ago: 12h, 30d.').argParser(
        (text) => readAge(text),
      ),
    )
    .option('--untagged', 'Select tags of signatures and other referrers whose image is gone.')
    .option('--keep-referrers', 'Leave the signatures, SBOMs and other referrers of removed images.')
    .option(
      '--overwrite',
      'Where the registry removes no tag alone: push an empty image over the tag, and delete that.',
    )
    .option('--dry-run', 'Show the plan, and remove nothing.')
    .option('--yes', 'Remove without a question.')
    .option('--json', 'Print JSON.');
  addConnectionOptions(command).addHelpText('after', DETAILS);
  return command.action(async (names: readonly string[], options: RemoveOptions) => {
    const selection = selectionOf(options);
    await runConnected(terminal, options, async (connections, signal) => {
      const asked = groupNames(names, selection, connections.defaultRegistry);
      await remove({ terminal, exit, connections, signal, options, selection }, asked);
    });
  });
}

async function remove(context: RemoveContext, asked: readonly Asked[]): Promise<void> {
  const { terminal, exit, options, signal } = context;
  const named = await removeTags(context, asked);
  const planned = await removePlanned(context, named.left);
  const results = [...named.results, ...planned.results];
  const report = { ...planned.report, results: results.map(resultJson) };
  if (options.json === true) terminal.out(`${printableJson(report, 2)}\n`);
  sayWhatIsNext(terminal, results);
  if (planned.isRefused || results.some(({ outcome }) => outcome !== 'removed')) exit.code = EXIT.failed;
  signal.throwIfAborted();
  refuseUnsupported(results);
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function count(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number of images.');
}

function readAge(text: string): number {
  const age = parseAge(text);
  if (age === undefined) throw new InvalidArgumentError('It must be a duration like 12h or 30d.');
  return age;
}
