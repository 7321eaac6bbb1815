import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

interface Waiting {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

interface Line {
  isBusy: boolean;
  readonly waiting: Waiting[];
}

/** How many requests a client may send ahead of the answers. Registry clients send none. */
const MOST_AHEAD = 100;

/**
 * Serves the requests of one connection one after the other, where Node hands over all that are sent ahead at once.
 * An answer that ends the connection ends it for them too: where one request was refused, what follows it on the wire
 * may be the inside of that one, and must not be done behind the client's back.
 */
export function oneAtATime(handler: Handler): Handler {
  const lines = new WeakMap<Socket, Line>();
  const lineOf = (socket: Socket): Line => {
    let line = lines.get(socket);
    if (line === undefined) lines.set(socket, (line = { isBusy: false, waiting: [] }));
    return line;
  };

  const serve = ({ req, res }: Waiting, line: Line): void => {
    line.isBusy = true;
    // Asked for now: once a request is done with, Node may have taken its connection from it.
    const { socket } = req;
    res.on('close', () => {
      // Whatever else has come on a connection that ends is never served.
      if (!socket.writable) return;
      line.isBusy = false;
      const next = line.waiting.shift();
      if (next !== undefined) serve(next, line);
    });
    handler(req, res);
  };

  return function oneAtATime(req, res) {
    const line = lineOf(req.socket);
    if (!line.isBusy) serve({ req, res }, line);
    else if (line.waiting.length < MOST_AHEAD) line.waiting.push({ req, res });
    else req.socket.destroy();
  };
}
