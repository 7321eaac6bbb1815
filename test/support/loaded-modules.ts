import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

// Loaded before the program (`--import`), it writes the URL of each module that the program loads into the file that
// LOADED_MODULES names, one a line. Modules of Node.js itself are not among them.

const loaded: string[] = [];

registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith('file:')) loaded.push(url);
    return nextLoad(url, context);
  },
});

process.on('exit', () => {
  writeFileSync(process.env['LOADED_MODULES'] ?? '', loaded.join('\n'));
});
