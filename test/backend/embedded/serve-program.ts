import { serveEmbedded } from './server.ts';

// The embedded registry as a process of its own: to be killed, traced, measured.
const [directory = '', port = '0'] = process.argv.slice(2);
const { url } = await serveEmbedded(directory, {
  port: Number(port),
  logger: {
    info: () => {},
    debug: () => {},
    warn: (fields, message) => console.error('warn', message, JSON.stringify(fields)),
    error: (fields, message) => console.error('error', message, JSON.stringify(fields)),
  },
});
console.log(`listening on ${url}`);
