import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Engine } from './engine.ts';
import { TOOLS, must } from './programs.ts';

const RECIPES = resolve(import.meta.dirname, '../e2e/stand-ins');
const REPOSITORY = resolve(import.meta.dirname, '../..');
const BASE = join(TOOLS, 'images/bookworm.tar');

/** What describeWith has to look for, so that a suite is skipped where `.ci/tools` has not laid the base images ready. */
export const STAND_IN_NEEDS = ['npm', 'tar', 'docker-registry', ...(existsSync(BASE) ? [] : ['.ci/tools'])];

/** Gives an engine the base images of our Dockerfile and compose file under their real names, made from Debian packages. */
export async function makeBaseImages(engine: Engine): Promise<void> {
  const setting = ['--change', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
  await engine.must(['import', ...setting, BASE, 'stand-in-bookworm']);
  await engine.must(['build', '--tag', 'registry:2', await registryContext(engine.folder)]);
  await engine.must(['build', '--tag', 'node:24-bookworm-slim', await nodeContext(engine.folder)]);
}

async function registryContext(folder: string): Promise<string> {
  const context = join(folder, 'registry');
  await cp(join(RECIPES, 'registry'), context, { recursive: true });
  await copyFile(await must('which', ['docker-registry']), join(context, 'registry'));
  return context;
}

/** Node.js is the one that runs this; npm's cache is filled with all that our lock file names. */
async function nodeContext(folder: string): Promise<string> {
  const context = join(folder, 'node');
  await cp(join(RECIPES, 'node'), context, { recursive: true });
  await copyFile(process.execPath, join(context, 'node'));
  await mkdir(join(context, 'npm'));
  const npm = join(TOOLS, 'images/npm.tgz');
  await must('tar', ['-xzf', npm, '-C', join(context, 'npm'), '--strip-components=1']);

  const dry = join(folder, 'packages');
  await mkdir(dry);
  for (const name of ['package.json', 'package-lock.json'])
    await copyFile(join(REPOSITORY, name), join(dry, name));
  const cache = join(TOOLS, 'npm-cache');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const cli = join(context, 'npm/bin/npm-cli.js');
  await must(process.execPath, [cli, 'ci', ...quiet, '--cache', cache], { cwd: dry });
  await cp(join(cache, '_cacache'), join(context, 'npm-cache/_cacache'), { recursive: true });
  return context;
}
