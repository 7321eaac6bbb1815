import { afterAll, beforeAll } from 'vitest';
import { startTestGate } from '../support/test-gate.ts';
import type { TestGate, TestGateOptions } from '../support/test-gate.ts';
import { startBackend } from './scripted-backend.ts';
import type { Backend, Visit } from './scripted-backend.ts';

/** A gate in front of a backend that does what the script says. */
export interface Scene {
  readonly gate: TestGate;
  readonly backend: Backend;
  /** What the backend does about the next request heads: nothing, as long as none is set. */
  script: (visit: Visit, head: string) => void;
}

/** One scene for all tests of a file or a `describe`. It is set before the first of them and struck after the last. */
export function useScene(options: Omit<TestGateOptions, 'backend'> = {}): Scene {
  let gate: TestGate | undefined;
  let backend: Backend | undefined;
  const scene: Scene = {
    get gate() {
      return isSet(gate);
    },
    get backend() {
      return isSet(backend);
    },
    script: () => undefined,
  };
  beforeAll(async () => {
    backend = await startBackend((visit, head) => scene.script(visit, head));
    gate = await startTestGate({ ...options, backend: backend.url });
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
  });
  return scene;
}

function isSet<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the scene is set when tests begin');
  return part;
}
