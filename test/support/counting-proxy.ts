import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What passes, in bytes. */
export interface Passed {
  /** Towards the registry. */
  readonly up: number;
  readonly down: number;
  /** Manifests on their way to the registry. */
  readonly manifests: number;
  /** Requests to take a layer from another repository. */
  readonly mounts: number;
}

/** A cable that counts, and tells before each piece is passed on, with this piece counted. */
export interface CountingProxy {
  readonly url: string;
  passed(): Passed;
  /** Begins to count anew. */
  watch(onPiece: (passed: Passed) => void): void;
  close(): Promise<void>;
}

const MANIFEST = /^PUT \/v2\/[^ ]+\/manifests\//m;
const MOUNT = /^POST \/v2\/[^ ]+\/blobs\/uploads\/\?[^ ]*mount=/m;

export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { port: behind } = new URL(target);
  const zero = { up: 0, down: 0, manifests: 0, mounts: 0 };
  let count = { ...zero };
  let tell: (passed: Passed) => void = () => undefined;
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.on('error', () => undefined).once('close', () => open.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (front) => {
    const back = connect({ port: Number(behind), host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    carry(keep(front), keep(back), (piece) => {
      count.up += piece.length;
      const head = piece.subarray(0, 4096).toString('latin1');
      if (MANIFEST.test(head)) count.manifests += 1;
      if (MOUNT.test(head)) count.mounts += 1;
      tell(count);
    });
    carry(back, front, (piece) => {
      count.down += piece.length;
      tell(count);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed: () => ({ ...count }),
    watch: (onPiece) => {
      count = { ...zero };
      tell = onPiece;
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function carry(from: Socket, to: Socket, onPiece: (piece: Buffer) => void): void {
  from.on('data', (piece: Buffer) => {
    onPiece(piece);
    if (!to.destroyed && !to.write(piece)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', () => to.destroy());
}
