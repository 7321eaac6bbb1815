import { dirname, join, relative } from 'node:path';
import { defineConfig, type Plugin } from 'rolldown';

// The package is bundled, into one file for what commands have in common and one for what each adds: to find and link
// hundreds of small files takes Node.js longer than most commands run. Packages from npm stay outside, so that they are
// updated and audited as any others.

const SRC = join(import.meta.dirname, 'src');
const THREAD = /\bthreadProgram\('([^']+)', import\.meta\.url\)/g;

/**
 * Keeps what a module knows of its place true: in a bundle, `import.meta` is about the bundle. The program of a thread
 * becomes a file of its own, where the module looks for it.
 */
const places: Plugin = {
  name: 'places',
  transform(code, id) {
    if (!id.startsWith(SRC) || !code.includes('import.meta.')) return undefined;
    const path = relative(SRC, id).replace(/\.ts$/, '.js');
    for (const [, program = ''] of code.matchAll(THREAD)) {
      const thread = join(dirname(id), program);
      this.emitFile({ type: 'chunk', id: `${thread}.ts`, fileName: `${relative(SRC, thread)}.js` });
    }
    return code
      .replaceAll('import.meta.url', `new URL('${path}', import.meta.url).href`)
      .replaceAll('import.meta.dirname', `\`\${import.meta.dirname}/${dirname(path)}\``);
  },
  renderChunk(code, { fileName }) {
    if (fileName.includes('/') && code.includes('import.meta.'))
      throw new Error(`${fileName} is not where import.meta is counted from`);
  },
};

/** Our sources, and the helpers that the bundler writes for itself. */
const INSIDE = /^[./\0]|^@oxc-project\/runtime\//;

/**
 * Chunk -> what it begins with; whatever that imports comes along, unless an earlier chunk has it. One command loads three
 * or four of these and one of its own. None of them imports a package that not every reader of it needs.
 */
const CHUNKS: Readonly<Record<string, RegExp>> = {
  begin: /src\/cli\/(?:version|terminal\/(?:terminal|output-errors))\.ts$/,
  command:
    /src\/(?:cli\/(?:program|certs\/options|terminal\/(?:table|amounts))|config\/values\/defaults|lib\/(?:network|secret|files\/(?:disk-sync|exists|atomic-file|file-lock)))\.ts$/,
  certificates: /src\/pki\/x509\/certificate-file\.ts$/,
  registry: /src\/cli\/images\/connection\/(?:run-connected|connection-options)\.ts$/,
  transfer:
    /src\/(?:images\/copy\/copy-image|cli\/images\/copy\/(?:run-copies|options|print-reports|places|names))\.ts$/,
  configuration: /src\/(?:cli\/config\/config-flags|config\/load)\.ts$/,
};

export default defineConfig({
  input: { main: join(SRC, 'main.ts'), index: join(SRC, 'index.ts') },
  platform: 'node',
  external: (id) => !INSIDE.test(id),
  plugins: [places],
  output: {
    dir: 'dist',
    cleanDir: true,
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: Object.entries(CHUNKS).map(([name, test], at) => ({ name, test, priority: 10 - at })),
    },
    // The licence has its own file, and a stack trace is read beside the sources, whose names stay as comments.
    comments: { jsdoc: false, legal: true, annotation: false },
  },
});
