import { commandGroup } from '../terminal/command-group.ts';

/** `certs init | renew | status | issue | revoke | rollover | trust`: certificates of the gate and of other services, their CA, and trust stores. */
export const loadCerts = commandGroup('certs', {
  init: async () => (await import('./init.ts')).initCommand,
  renew: async () => (await import('./renew.ts')).renewCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  issue: async () => (await import('./issue.ts')).issueCommand,
  revoke: async () => (await import('./revoke.ts')).revokeCommand,
  rollover: async () => (await import('./rollover.ts')).rolloverCommand,
  trust: async () => (await import('./trust.ts')).trustCommand,
});
