import { describe, expect, it } from 'vitest';
import { refuseOthersChoice, refuseTwice, type ToPush } from '../../../../src/cli/images/copy/load-checks.ts';
import { parseImageName } from '../../../../src/images/name/image-name.ts';
import { run } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/terminal.ts';

const push = (reference: string, name: string, ...tags: readonly string[]): ToPush => ({
  reference,
  sourceNames: [],
  repository: parseImageName(name),
  tags,
});

describe('the images of an archive', () => {
  const outcome = (action: () => void): string => {
    try {
      action();
      return 'taken';
    } catch (error) {
      return String(error);
    }
  };

  it.each<[string, readonly ToPush[], string]>([
    ['for one registry', [push('a', 'own.lan/x', '1'), push('b', 'own.lan/y', '1')], 'taken'],
    ['for one that their author chose', [push('a', 'evil.example/x', '1')], 'The archive names evil.example'],
  ])('go with a password only where its owner said: %s', (_name, plan, expected) => {
    expect(outcome(() => refuseOthersChoice(plan, 'own.lan'))).toContain(expected);
  });

  it.each<[string, readonly ToPush[], string]>([
    ['one image twice', [push('a', 'r.lan/x', '1', '2'), push('a', 'r.lan/x', '1')], 'taken'],
    ['two images', [push('a', 'r.lan/x', '1'), push('b', 'r.lan/x', '2')], 'taken'],
    [
      'two images under one name',
      [push('a', 'r.lan/x', '1'), push('b', 'r.lan/x', '1')],
      'would both become r.lan/x:1',
    ],
  ])('have a name each: %s', (_name, plan, expected) => {
    expect(outcome(() => refuseTwice(plan))).toContain(expected);
  });

  it('do not go to docker.io where --into is one word', async () => {
    const terminal = recordingTerminal();
    expect(await run(['images', 'load', '-i', 'none.tar', '--into', 'gate'], terminal)).toBe(2);
    expect(terminal.stderr()).toContain('--into gate:443');
  });
});
