import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

interface Waiting {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** How many requests a client may send ahead of the answers. Registry clients send none. */
const MOST_AHEAD = 100;

/**
 * Serves the requests of one connection one after the other, where Node hands over all that are sent ahead at once.
 * An answer that ends the connection ends it for them too: where one request was refused, what follows it on the wire
 * may be the inside of that one, and must not be done behind the client's back.
 */
export function oneAtATime(handler: Handler): Handler {
  const queues = new WeakMap<Socket, Waiting[]>();

  const serve = ({ req, res }: Waiting, queue: Waiting[]): void => {
    const { socket } = req;
    res.once('close', () => {
      const next = queue.shift();
      if (next === undefined) queues.delete(socket);
      else if (socket.writable) serve(next, queue);
    });
    handler(req, res);
  };

  return function oneAtATime(req, res) {
    const queue = queues.get(req.socket);
    if (queue === undefined) {
      const own: Waiting[] = [];
      queues.set(req.socket, own);
      serve({ req, res }, own);
    } else if (queue.length < MOST_AHEAD) queue.push({ req, res });
    else req.socket.destroy();
  };
}
