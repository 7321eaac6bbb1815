import { describe, expect, it } from 'vitest';
import { isHost } from '../../src/lib/network.ts';

describe('isHost', () => {
  it.each([
    'a',
    'registry.example.com',
    'Registry.Example.COM',
    'registry.example.com.',
    'registry_1.my-net.lan',
    '192.0.2.1',
    '[2001:db8::1]',
    '[::ffff:192.0.2.1]',
    'registry:1',
    'registry:443',
    'registry:00443',
    'registry:65535',
    '[::1]:8443',
    'registry:0',
    'a'.repeat(254),
  ])('takes %s', (text) => {
    expect(isHost(text)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a port alone', ':443'],
    ['no port after the colon', 'registry:'],
    ['a port that is too high', 'registry:65536'],
    ['a port of six digits', 'registry:100000'],
    ['a port that is no number', 'registry:https'],
    ['two ports', 'registry:1:2'],
    ['an IPv6 address without brackets', '2001:db8::1'],
    ['a bracket that is not closed', '[::1'],
    ['a zone', '[fe80::1%25eth0]'],
    ['a scheme', 'https://registry'],
    ['a path', 'registry/v2'],
    ['a user', 'alice@registry'],
    ['a query', 'registry?'],
    ['two hosts', 'a,b'],
    ['a space', 'a b'],
    ['a space at the end', 'a '],
    ['a line end', 'a\n'],
    ['percent-encoding', 'a%2eb'],
    ['a letter beyond ASCII', 'bücher'],
    ['a letter that folds to ASCII', 'ſ'],
    ['a dot in front', '.a'],
    ['a hyphen in front', '-a'],
    ['a name that is too long', 'a'.repeat(255)],
  ])('refuses %s', (_name, text) => {
    expect(isHost(text)).toBe(false);
  });

  it.each([
    ['registry', true],
    ['registry:0', false],
    ['registry:00', false],
    ['registry:1', true],
  ])('takes %s from port 1 on: %s', (text, expected) => {
    expect(isHost(text, 1)).toBe(expected);
  });
});
