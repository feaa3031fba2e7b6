import type { PubSub } from '@google-cloud/pubsub';

import type { Config } from '../config.ts';
import type { Query } from '../schema/query.ts';

/**
 * - `ok`: as it must be;
 * - `note`: nothing to do, but worth knowing;
 * - `warning`: works, and somebody should look;
 * - `broken`: something does not work.
 */
export type Level = 'ok' | 'note' | 'warning' | 'broken';

/** One thing that a check found. */
export interface Finding {
  readonly level: Level;
  /** A sentence that says what is so. */
  readonly message: string;
  /** A command, or what else mends it; only where something is to be done. */
  readonly remedy?: string;
}

/** What of a worker matters to the resources of its process. */
export interface ExpectedWorker {
  readonly subscription: string;
  readonly transactional: boolean;
  /** Messages handled at once. */
  readonly maxMessages: number;
}

/** What runs where, and what it keeps; known to the commands that start it. */
export interface Deployment {
  readonly processes: readonly {
    /** The command that starts it, such as `background`. */
    readonly name: string;
    readonly workers: readonly ExpectedWorker[];
  }[];
  /** The flows, in every version, whose runs this version's processes can go on with. @default not looked at */
  readonly flows?: readonly {
    readonly name: string;
    readonly version: number;
  }[];
  /** How old rows may become before they are pruned. */
  readonly retention: readonly {
    readonly table: string;
    readonly column: string;
    /** Milliseconds. */
    readonly age: number;
  }[];
}

/** What checks ask. */
export interface Patient {
  readonly config: Config;
  /** @throws UnreachableError if the database cannot be reached. */
  readonly query: Query;
  /** The client of the broker. */
  readonly pubsub: PubSub;
  /** Name of the replication slot. */
  readonly slot: string;
  readonly deployment: Deployment;
  /** Where processes answer probes, such as `http://10.0.0.5:5001`. */
  readonly healthUrls: readonly string[];
  /** How long replication may take to reach a position, in seconds. */
  readonly waitSeconds: number;
}

/** One invariant, looked at by itself. A check that throws is a finding too. */
export interface Check {
  readonly name: string;
  /** What else has to be in order for the check to say anything. */
  readonly needs: readonly ('database' | 'broker')[];
  /** Waits up to the patient's `waitSeconds` beside its own work. */
  readonly waits?: true;
  readonly run: (patient: Patient) => Promise<readonly Finding[]>;
}

/** Postgres or the broker did not answer at all. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor(
    readonly service: 'database' | 'broker',
    reason: string,
    options: ErrorOptions,
  ) {
    super(
      `The ${service} cannot be reached: ${reason.replace(/\.+$/, '')}`,
      options,
    );
  }
}
