import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What goes wrong in one direction of a connection, once `at` bytes have passed there. */
export interface Break {
  readonly at: number;
  /**
   * `fin`: both ends see an orderly end. `reset`: both see a reset. `stall`: nothing passes any more. `vanish`: the one
   * behind is gone, and the one in front hears nothing of it. `flip`: one bit of that byte is turned, and all goes on.
   * `note`: nothing happens but that it is told.
   */
  readonly how: 'fin' | 'reset' | 'stall' | 'vanish' | 'flip' | 'note';
}

/** What happens to one connection; `up` is towards the registry. */
export interface Trouble {
  readonly up?: Break;
  readonly down?: Break;
  /** Each piece arrives so much later. */
  readonly latencyMs?: number;
  readonly bytesPerSecond?: number;
}

export interface FaultProxy {
  readonly url: string;
  readonly port: number;
  /** From now on: what happens to connections, and who is told of it. The ones that are open end. */
  cause(trouble: Trouble, times?: number, onStruck?: () => void): void;
  /** How often a `Break` came to pass since `cause` was called. */
  struck(): number;
  /** Nothing goes wrong any more; what stands still is ended. */
  heal(): void;
  close(): Promise<void>;
}

const SMOOTH: Trouble = {};
const PIECE = 16 * 1024;

/**
 * A cable that can be trodden on: between the gate and its registry, or a client and the gate. `times` is how many
 * connections a break hits; `target` is looked at for each connection.
 */
export async function startFaultProxy(target: { readonly port: number }): Promise<FaultProxy> {
  let trouble = SMOOTH;
  let left = 0;
  let struck = 0;
  let tell = (): void => undefined;
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.on('error', () => undefined);
    return socket.once('close', () => open.delete(socket));
  };
  const strikes = (): boolean => {
    if (left <= 0) return false;
    left -= 1;
    struck += 1;
    tell();
    return true;
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (front) => {
    const behind = connect({ port: target.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const cable = { front: keep(front), behind: keep(behind), isBroken: false };
    carry({ from: front, to: behind, cable, strikes, breakOf: () => trouble.up, pace: () => trouble });
    carry({ from: behind, to: front, cable, strikes, breakOf: () => trouble.down, pace: () => trouble });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cause: (next, times = Infinity, onStruck = () => undefined) => {
      endAll();
      [trouble, left, struck, tell] = [next, times, 0, onStruck];
    },
    struck: () => struck,
    heal: () => {
      trouble = SMOOTH;
      endAll();
    },
    close: () => {
      endAll();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

interface Cable {
  readonly front: Socket;
  readonly behind: Socket;
  isBroken: boolean;
}

interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  readonly cable: Cable;
  readonly breakOf: () => Break | undefined;
  readonly strikes: () => boolean;
  readonly pace: () => Trouble;
}

/** Carries one direction, piece after piece, until it breaks. */
function carry(direction: Direction): void {
  const { from, to, cable } = direction;
  let passed = 0;
  let last: Promise<void> = Promise.resolve();
  const pass = async (piece: Buffer): Promise<void> => {
    await slowly(direction.pace(), piece.length);
    if (cable.isBroken) return;
    const fault = direction.breakOf();
    const hit = fault !== undefined && passed <= fault.at && passed + piece.length > fault.at;
    if (hit && direction.strikes()) {
      const index = fault.at - passed;
      if (fault.how === 'flip') piece.writeUInt8(piece.readUInt8(index) ^ 1, index);
      else if (fault.how !== 'note') {
        cable.isBroken = true;
        to.write(piece.subarray(0, index), () => breakOff(fault.how, cable));
        return;
      }
    }
    passed += piece.length;
    if (!to.destroyed && !to.write(piece)) await drained(to);
  };
  from.on('data', (chunk: Buffer) => {
    from.pause();
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      last = last.then(() => pass(piece));
    }
    void last.then(() => !cable.isBroken && from.resume());
  });
  from.once('end', () => void last.then(() => !cable.isBroken && to.end()));
  from.once('close', () => {
    if (!cable.isBroken) void last.then(() => to.destroy());
  });
}

function breakOff(how: Break['how'], { front, behind }: Cable): void {
  if (how === 'fin') {
    front.end();
    behind.end();
  } else if (how === 'reset') {
    front.resetAndDestroy();
    behind.resetAndDestroy();
  } else if (how === 'vanish') behind.resetAndDestroy();
}

function slowly({ latencyMs = 0, bytesPerSecond }: Trouble, bytes: number): Promise<void> | undefined {
  const ms = latencyMs + (bytesPerSecond === undefined ? 0 : (bytes / bytesPerSecond) * 1000);
  return ms === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, ms));
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('drain', resolve).once('close', () => resolve()));
}
