import { commandGroup } from '../terminal/command-group.ts';

/** `certs init | renew | status | trust`: certificates of the gate, and trust stores of clients. */
export const loadCerts = commandGroup('certs', {
  init: async () => (await import('./init.ts')).initCommand,
  renew: async () => (await import('./renew.ts')).renewCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  trust: async () => (await import('./trust.ts')).trustCommand,
});
