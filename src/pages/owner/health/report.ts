import type { Ending } from '../../../lib/ending.ts';

/** A layer or a manifest on its way, at one moment. */
export interface Transfer {
  /** The id of its request, as in the log. */
  readonly id: string;
  /** Empty for an anonymous client. */
  readonly user: string;
  readonly address: string;
  readonly repository: string;
  readonly direction: 'push' | 'pull';
  readonly bytes: number;
  /** Undefined where the client did not say how much comes. */
  readonly total: number | undefined;
  /** Bytes per second since the last look, or since it began. */
  readonly rate: number;
}

interface Disk {
  readonly place: 'state' | 'registry' | 'cache';
  readonly directory: string;
  readonly free: number;
  readonly size: number;
}

/** The state of a gate, of all its processes, at one moment. */
export interface HealthReport {
  readonly version: string;
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly workers: { readonly expected: number; readonly answered: number };
  readonly connections: number;
  readonly registry: {
    readonly isEmbedded: boolean;
    /** Its folder, or its address. */
    readonly name: string;
    readonly unready: string | undefined;
    readonly limitation: string | undefined;
  };
  /** Names and addresses that the certificate is for. */
  readonly names: readonly string[];
  /** Everything that expires. */
  readonly endings: readonly Ending[];
  readonly disks: readonly Disk[];
  /** The largest ones. */
  readonly transfers: readonly Transfer[];
  /** How many there are beside these. */
  readonly otherTransfers: number;
}
