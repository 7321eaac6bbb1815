import { responseHeaders } from '../../../src/backend/proxy/heads.ts';
import { askNode, type NodeVerdict } from './node-verdict.ts';
import { askOurs, askOursSlowly, type OurVerdict } from './our-verdict.ts';

export interface Input {
  readonly method: 'GET' | 'HEAD';
  readonly bytes: Buffer;
}

/** An input with what both made of it. */
export interface Compared {
  readonly input: Input;
  readonly ours: OurVerdict;
  readonly node: NodeVerdict;
  /** In words what must not be; nothing is good. */
  readonly complaints: readonly string[];
}

const CONTEXT = { route: 'blob', authorities: ['registry.test'] } as const;
/** What might make a whole answer of one that wants more. */
const ENDINGS = [
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\r\n0\r\n\r\n',
  '0\r\n\r\n',
  'x'.repeat(100),
  '"\r\nok\r\n0\r\n\r\n',
];

/**
 * Asks both for a verdict on each, and compares; ours reads each a second time, one byte at a time, and once more for
 * every list of places at which `cuts` has it cut.
 */
export async function compareAll<T extends Input>(
  inputs: readonly T[],
  cuts: (input: T) => readonly (readonly number[])[],
): Promise<readonly Compared[]> {
  const ours = inputs.map(({ method, bytes }) => askOurs(method, bytes));
  const slow = inputs.map(({ method, bytes }) => askOursSlowly(method, bytes));
  const node = await askNode(inputs);
  const short = await askNode(
    inputs.map(({ method, bytes }, nth) => ({
      method,
      bytes: bytes.subarray(0, Math.max(0, (slow[nth]?.end ?? 0) - 1)),
    })),
  );
  return inputs.map((input, nth) => {
    const [mine, slowly, theirs, shorter] = [ours[nth], slow[nth], node[nth], short[nth]];
    if (mine === undefined || slowly === undefined || theirs === undefined || shorter === undefined)
      throw new Error('a verdict is missing');
    const complaints = [
      ...compareWithNode(input, mine, theirs),
      ...complain(!shorter.complete, 'node has the whole of it one byte earlier'),
      ...compareReadings(mine, slowly, 'one byte at a time'),
      ...complaintsAboutEnd(input, mine, slowly.end ?? 0),
      ...cuts(input).flatMap((places) =>
        compareReadings(
          mine,
          askOurs(input.method, input.bytes, places),
          `cut at [${places.slice(0, 20).join()}]`,
        ),
      ),
    ];
    return { input, ours: mine, node: theirs, complaints };
  });
}

function complain(holds: boolean, otherwise: string): readonly string[] {
  return holds ? [] : [otherwise];
}

/** Whatever ours takes, node takes, and means the same by it. */
function compareWithNode(input: Input, ours: OurVerdict, node: NodeVerdict): readonly string[] {
  if (ours.head === undefined)
    return complain(
      ours.outcome !== 'open' || node.status === undefined,
      'ours waits for a head that node has',
    );
  return [
    ...complain(node.status === ours.head.status, `status ${ours.head.status}, with node ${node.status}`),
    ...complain(
      crossing(ours.head) === crossing({ status: ours.head.status, headers: node.headers }),
      'other fields than with node',
    ),
    ...complain(
      // What has no body ends with its head: node knows that of HEAD too late to use the connection again.
      !ours.head.keepAlive || node.keepsAlive || ours.head.framing === 'none',
      'ours would use the connection again, and node would not',
    ),
    ...complain(ours.hadInterim === node.interim.length > 0, 'interim answers, with one of the two'),
    ...(ours.outcome === 'whole' ? compareWhole(ours, node) : compareParts(input, ours, node)),
  ];
}

function compareWhole(ours: OurVerdict, node: NodeVerdict): readonly string[] {
  return [
    ...complain(node.complete, `ours has the whole of it, node does not (${node.error})`),
    ...complain(node.body.equals(ours.body), 'another body than with node'),
    // What node finds fault with after the end is no part of the answer, and ours has to say that it is there.
    ...complain(node.error === undefined || ours.hasSurplus === true, `node finds fault: ${node.error}`),
  ];
}

function compareParts(input: Input, ours: OurVerdict, node: NodeVerdict): readonly string[] {
  const [short, long] = [ours.body, node.body].toSorted((one, other) => one.length - other.length);
  const begins = short !== undefined && long?.subarray(0, short.length).equals(short) === true;
  if (ours.outcome !== 'open') return complain(begins, 'the beginnings of two bodies');
  return [
    ...complain(begins, 'the beginnings of two bodies'),
    ...complain(!node.complete, 'node has the whole of it, ours waits'),
    ...complain(
      node.error !== undefined || node.body.equals(ours.body),
      'less or more of the body than with node',
    ),
    ...(node.error === undefined ? [] : ENDINGS.flatMap((more) => complaintsAboutMore(input, more))),
  ];
}

/** Node has given it up: with no ending may ours pass it for whole. */
function complaintsAboutMore({ method, bytes }: Input, more: string): readonly string[] {
  const { outcome } = askOurs(method, Buffer.concat([bytes, Buffer.from(more, 'latin1')]));
  return complain(
    outcome !== 'whole',
    `node has found fault, ours takes it once ${JSON.stringify(more)} comes`,
  );
}

function complaintsAboutEnd({ method, bytes }: Input, ours: OurVerdict, end: number): readonly string[] {
  if (ours.outcome !== 'whole') return [];
  const ourAnswer = askOurs(method, bytes.subarray(0, end));
  return [
    ...complain(
      ourAnswer.hasSurplus === false && ourAnswer.body.equals(ours.body),
      'another answer without what comes after it',
    ),
    ...complain(ours.hasSurplus === end < bytes.length, 'the surplus is not told rightly'),
  ];
}

/** The verdict does not hang on how the bytes arrive. */
function compareReadings(ours: OurVerdict, other: OurVerdict, how: string): readonly string[] {
  const same =
    other.outcome === ours.outcome &&
    other.hadInterim === ours.hadInterim &&
    other.hasSurplus === ours.hasSurplus &&
    other.body.equals(ours.body) &&
    JSON.stringify(other.head) === JSON.stringify(ours.head);
  return complain(same, `${ours.outcome} in one piece, ${other.outcome} ${how}`);
}

function crossing({
  status,
  headers,
}: {
  readonly status: number;
  readonly headers: Parameters<typeof responseHeaders>[0];
}): string {
  const outcome = responseHeaders(headers, { status, ...CONTEXT });
  return JSON.stringify(outcome.ok ? Object.entries(outcome.headers).toSorted() : outcome);
}
