import { commandGroup } from '../terminal/command-group.ts';

/** `images ...`: sees, moves and removes images, straight against a registry or an archive. */
export const loadImages = commandGroup('images', {
  list: async () => (await import('./see/list.ts')).listCommand,
  tags: async () => (await import('./see/list.ts')).tagsCommand,
  inspect: async () => (await import('./see/inspect.ts')).inspectCommand,
  history: async () => (await import('./see/history.ts')).historyCommand,
  diff: async () => (await import('./see/diff.ts')).diffCommand,
  files: async () => (await import('./files/files.ts')).filesCommand,
  cat: async () => (await import('./files/cat.ts')).catCommand,
  copy: async () => (await import('./copy/copy.ts')).copyCommand,
  save: async () => (await import('./copy/save.ts')).saveCommand,
  load: async () => (await import('./copy/load.ts')).loadCommand,
  tag: async () => (await import('./remove/tag.ts')).tagCommand,
  remove: async () => (await import('./remove/remove.ts')).removeCommand,
  sync: async () => (await import('./sync/sync.ts')).syncCommand,
});
