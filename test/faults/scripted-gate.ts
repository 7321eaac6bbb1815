import { afterAll, beforeAll } from 'vitest';
import { startTestGate, type TestGate, type TestGateOptions } from '../support/test-gate.ts';
import { startBackend, type Backend, type Visit } from './scripted-backend.ts';

/** A gate in front of a backend that does what the script says. */
export interface ScriptedGate {
  readonly gate: TestGate;
  readonly backend: Backend;
  /** What the backend does about the next request heads: nothing, as long as none is set. */
  script: (visit: Visit, head: string) => void;
}

/** One gate for all tests of a file or a `describe`. It is started before the first of them and closed after the last. */
export function useScriptedGate(options: Omit<TestGateOptions, 'backend'> = {}): ScriptedGate {
  let gate: TestGate | undefined;
  let backend: Backend | undefined;
  const scripted: ScriptedGate = {
    get gate() {
      return isSet(gate);
    },
    get backend() {
      return isSet(backend);
    },
    script: () => undefined,
  };
  beforeAll(async () => {
    backend = await startBackend((visit, head) => scripted.script(visit, head));
    gate = await startTestGate({ ...options, backend: backend.url });
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
  });
  return scripted;
}

function isSet<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the gate is started when tests begin');
  return part;
}
