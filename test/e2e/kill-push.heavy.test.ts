import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { makeCerts, PASSWORD, startGate, USER, type GateProcess } from '../support/gate-process.ts';
import { blobsOf, writeImage } from '../support/images.ts';
import { must, run, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';

const ALL = process.env['HOSTILE'] === 'full';
const PUSHES = ALL ? 50 : 8;
/** The same moments each time, unless another is given. */
const SEED = Number(process.env['SEED'] ?? 145);
const MEGABYTES = 3;
/** TLS and HTTP come on top of the layer: a moment is never after the end of the upload. */
const LAST_BYTE = MEGABYTES * 1024 * 1024;
const DEADLINE_MS = 300_000;

/** Numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A gate with its registry, either of which may be killed and comes again on the same folder. */
interface Pair {
  readonly gatePort: () => number;
  readonly victims: readonly Victim[];
  close(): Promise<void>;
}

interface Victim {
  readonly name: string;
  readonly kill: () => void;
  readonly again: () => Promise<void>;
}

describeWith(
  ['skopeo', 'docker-registry'],
  `R145: a push during which something is killed, at moments of seed ${SEED}`,
  () => {
    let folder: Folder;
    let certs: string;
    let trust: string;
    beforeAll(async () => {
      folder = await temporaryFolder('killed');
      [certs, trust] = [join(folder.path, 'certs'), join(folder.path, 'trust')];
      await makeCerts(certs, ['127.0.0.1']);
      await mkdir(trust);
      await copyFile(join(certs, 'ca.crt'), join(trust, 'ca.crt'));
    });
    afterAll(() => folder.close());

    async function withRegistry(): Promise<Pair> {
      const data = join(folder.path, 'registry');
      let registry: Registry = await startRegistry(data);
      const target = { port: Number(new URL(registry.url).port) };
      // The registry comes again on another port.
      const cable = await startFaultProxy(target);
      const gate = await startVictim(cable.url);
      const backend: Victim = {
        name: 'the registry',
        kill: () => kill(registry.pid, 'SIGKILL'),
        again: async () => {
          await registry.close();
          registry = await startRegistry(data);
          target.port = Number(new URL(registry.url).port);
        },
      };
      return {
        gatePort: gate.port,
        victims: [gate.victim, backend],
        close: async () => {
          await gate.close();
          await cable.close();
          await registry.close();
        },
      };
    }

    async function withEmbedded(): Promise<Pair> {
      const gate = await startVictim(`embedded:${join(folder.path, 'embedded')}`);
      return { gatePort: gate.port, victims: [gate.victim], close: gate.close };
    }

    async function startVictim(
      backend: string,
    ): Promise<{ port: () => number; victim: Victim; close: () => Promise<void> }> {
      let gate: GateProcess = await startGate({ certs, backend });
      return {
        port: () => Number(new URL(gate.url).port),
        victim: {
          name: 'the gate',
          kill: () => kill(gate.pid, 'SIGKILL'),
          again: async () => {
            await gate.close();
            gate = await startGate({ certs, backend });
          },
        },
        close: () => gate.close(),
      };
    }

    it.each([
      { name: 'before docker-registry', open: withRegistry },
      { name: 'with the registry inside', open: withEmbedded },
    ])(
      `$name, ${PUSHES} times: pushed again it is whole`,
      async ({ open }) => {
        const random = randomFrom(SEED);
        const pair = await open();
        const target = { port: 0 };
        const way = await startFaultProxy(target);
        try {
          const broken: boolean[] = [];
          for (let nth = 0; nth < PUSHES; nth += 1) {
            const victim = pair.victims[nth % pair.victims.length];
            if (victim === undefined) throw new Error('nobody to kill');
            target.port = pair.gatePort();
            broken.push(await pushAndKill({ nth, victim, way, at: Math.floor(random() * LAST_BYTE) }));
            target.port = pair.gatePort();
            await pushAgain(nth, way);
          }
          // Some were killed while they ran, or nothing was tried.
          expect(broken).toContain(true);
        } finally {
          await way.close();
          await pair.close();
        }
      },
      PUSHES * DEADLINE_MS,
    );

    interface Kill {
      readonly nth: number;
      readonly victim: Victim;
      /** Between skopeo and the gate. */
      readonly way: FaultProxy;
      /** Killed as soon as so many bytes have passed on one connection. */
      readonly at: number;
    }

    /** Whether the push did not succeed. */
    async function pushAndKill({ nth, victim, way, at }: Kill): Promise<boolean> {
      const image = await writeImage(layoutOf(nth), MEGABYTES);
      let killed = false;
      way.cause({ up: { at, how: 'note' } }, 1, () => {
        killed = true;
        victim.kill();
      });
      const args = copyArgs('dest', `oci:${image.layout}:1`, there(nth, way));
      const { status } = await run('skopeo', args, { deadlineMs: DEADLINE_MS });
      expect({ at, killed }).toEqual({ at, killed: true });
      way.heal();
      await victim.again();
      return status !== 0;
    }

    /** The registry has all of it: what comes back is what was pushed. */
    async function pushAgain(nth: number, way: FaultProxy): Promise<void> {
      const back = join(folder.path, 'back');
      const deadlineMs = DEADLINE_MS;
      await must('skopeo', copyArgs('dest', `oci:${layoutOf(nth)}:1`, there(nth, way)), { deadlineMs });
      await must('skopeo', copyArgs('src', there(nth, way), `oci:${back}:1`), { deadlineMs });
      expect(await blobsOf(back)).toEqual(await blobsOf(layoutOf(nth)));
      await rm(back, { recursive: true });
      await rm(layoutOf(nth), { recursive: true });
    }

    function layoutOf(nth: number): string {
      return join(folder.path, `image-${nth}`);
    }

    function there(nth: number, { port }: FaultProxy): string {
      return `docker://127.0.0.1:${port}/team/app-${nth}:1`;
    }

    function copyArgs(side: 'dest' | 'src', from: string, to: string): string[] {
      return ['copy', `--${side}-cert-dir`, trust, `--${side}-creds`, `${USER}:${PASSWORD}`, from, to];
    }
  },
);
