import type { ImageConfig } from '../../model/config.ts';
import type { HistoryStep } from '../history.ts';
import { readWords } from './go-text.ts';
import { oneLine, readInstruction, type Known, type Lines } from './instructions.ts';
import { readCommand, writeRun } from './run-step.ts';

interface ReadBackOptions {
  /** How the image is called, for the comment at the top. */
  readonly name: string;
  /** The base that the annotations of the image name (image-spec: "Annotations", base.name). */
  readonly base: string | undefined;
}

const HEAD = [
  '# A history keeps no base image: the steps of the base are here too. It keeps no stages, so a COPY',
  '# may have come --from another, and no mounts and secrets of a RUN.',
];
/** A shell is looked for in each later step. One that is longer is none. */
const MOST_SHELL_LETTERS = 1024;
const BUILDKIT = / # buildkit$/;
const NOP = /^(?:\/bin\/sh -c|cmd \/S \/C|powershell -Command) #\(nop\)\s*/;

/** Reads the history of an image, the oldest step first, back as a Dockerfile. What can't be known is a comment. */
export function readBack(
  steps: readonly HistoryStep[],
  config: ImageConfig,
  { name, base }: ReadBackOptions,
): string {
  const based = base === undefined ? [] : [`# Its annotations name the base ${oneLine(base)}`];
  // Directives come before all comments.
  const directives = isWindows(config) ? ['# escape=`'] : [];
  const head = [
    ...directives,
    `# Read back from the history of ${oneLine(name)}`,
    ...HEAD,
    ...based,
    'FROM scratch',
  ];
  return [...head, ...readSteps(steps, config).flat()].map((line) => `${line}\n`).join('');
}

/** Reads each step of a history, the oldest first, back as lines of a Dockerfile. */
export function readSteps(steps: readonly HistoryStep[], config: ImageConfig): readonly Lines[] {
  // A path of Windows may end with the usual escape, and the next line would be part of it.
  const known: Known = { values: valuesOf(config), escape: isWindows(config) ? '`' : '\\' };
  let shell: string | undefined;
  return steps.map((step) => {
    const read = readStep(step, known, shell);
    // Later commands run in the shell that a SHELL names.
    const [, list] = /^SHELL (\[.*\])$/s.exec(read.at(-1) ?? '') ?? [];
    if (list !== undefined && list.length <= MOST_SHELL_LETTERS) shell = readWords(list).join(' ');
    return read;
  });
}

function isWindows({ platform }: ImageConfig): boolean {
  return platform.os.toLowerCase() === 'windows';
}

function valuesOf({ run }: ImageConfig): ReadonlyMap<string, string> {
  const env = (run?.env ?? []).map(
    (text) => [text.split('=', 1)[0] ?? '', text.slice(text.indexOf('=') + 1)] as const,
  );
  return new Map([...env, ...Object.entries(run?.labels ?? {})]);
}

function readStep(step: HistoryStep, known: Known, shell: string | undefined): Lines {
  const text = step.createdBy.trim();
  if (text === '') return [unknownStep(step, '')];
  if (NOP.test(text)) return readInstruction(text.replace(NOP, ''), known) ?? [unknownStep(step, text)];
  const isBuildKit = BUILDKIT.test(text);
  const plain = text.replace(BUILDKIT, '').trim();
  if (plain.startsWith('RUN ')) {
    const command = readCommand(plain.slice(4).trim(), shell);
    // Kaniko and others write the command as it stood in the Dockerfile.
    return writeRun(command, isBuildKit, known.escape);
  }
  const instruction = readInstruction(plain, known);
  if (instruction !== undefined) return instruction;
  // A shell comment, as the scripts that make Debian's base write it.
  if (plain.startsWith('#')) return [oneLine(plain)];
  const command = readCommand(plain, shell);
  return command.shell === undefined ? [unknownStep(step, text)] : writeRun(command, false, known.escape);
}

/** A step of a builder that has no Dockerfile, of `docker commit` or `docker import`, or none that is told. */
function unknownStep({ layer, comment, createdBy }: HistoryStep, text: string): string {
  const made = layer === undefined ? 'A step without a layer' : `The layer ${layer.digest.text}`;
  const said = [oneLine(text), oneLine(comment)].filter((word) => word !== '').join('; ');
  return `# ${made}${createdBy === '' ? ', of which no command is told' : ''}${said === '' ? '.' : `: ${said}`}`;
}
