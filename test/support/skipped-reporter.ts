import { globSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

/** Says at the end of a run what was skipped and why, and how many files were left out because they are heavy. */
export class SkippedReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => skippedIn(module));
    const files = globSync('test/**/*.test.ts');
    const heavy = files.filter((file) => file.endsWith('.heavy.test.ts')).length;
    // Where single files were asked for, what else there is does not concern.
    const isWhole = modules.length === files.length - heavy;
    for (const line of [...skippedLines(skipped), ...(isWhole ? heavyLines(heavy) : [])])
      this.#vitest?.logger.log(line);
  }
}

interface Skipped {
  readonly file: string;
  readonly name: string;
  readonly tests: number;
}

function skippedLines(skipped: readonly Skipped[]): readonly string[] {
  if (skipped.length === 0) return [' Skipped: nothing'];
  const lines = skipped.map(({ file, name, tests }) => `   ${file}: ${name}: ${countOf(tests, 'test')}`);
  return [' Skipped:', ...lines];
}

function heavyLines(files: number): readonly string[] {
  if (files === 0) return [];
  return [` Left out: ${countOf(files, 'heavy file')}; run them too with: npm run test:all`];
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** The outermost suites of which every test was skipped, and the single tests beside them. */
function skippedIn(module: TestModule): readonly Skipped[] {
  const walk = (parent: TestModule | TestSuite): readonly Skipped[] =>
    [...parent.children].flatMap((child): readonly Skipped[] => {
      if (child.type === 'test') return isSkipped(child) ? [entry(module, child, 1)] : [];
      const tests = [...child.children.allTests()];
      if (tests.length > 0 && tests.every(isSkipped)) return [entry(module, child, tests.length)];
      return walk(child);
    });
  return walk(module);
}

function isSkipped(test: TestCase): boolean {
  return test.result().state === 'skipped';
}

/** The reason stands in the name (`describeWith`). */
function entry(module: TestModule, { name }: TestCase | TestSuite, tests: number): Skipped {
  return { file: module.relativeModuleId, name, tests };
}
