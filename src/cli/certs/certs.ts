import { commandGroup } from '../terminal/command-group.ts';

/** `certs init | renew | status | issue | revoke | trust`: certificates of the gate and of other services, and trust stores of clients. */
export const loadCerts = commandGroup('certs', {
  init: async () => (await import('./init.ts')).initCommand,
  renew: async () => (await import('./renew.ts')).renewCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  issue: async () => (await import('./issue.ts')).issueCommand,
  revoke: async () => (await import('./revoke.ts')).revokeCommand,
  trust: async () => (await import('./trust.ts')).trustCommand,
});
