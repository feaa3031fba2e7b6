import type { DataSource } from 'typeorm';

import type { JobStore } from '../port.ts';
import type { Queue } from '../queue.ts';
import { archiveResolved } from './archive-resolved.ts';
import { claim } from './claim.ts';
import { enqueue } from './enqueue.ts';
import { extend } from './extend.ts';
import { find } from './find.ts';
import { promote } from './promote.ts';
import { recover } from './recover.ts';
import { settle } from './settle.ts';

export interface PostgresStoreOptions {
  /** Claims and looks. */
  readonly con: DataSource;
  /** Heartbeats and settles, so that handlers who hold every connection cannot keep them waiting. @default con */
  readonly settling?: DataSource;
  /** The limits of a queue. */
  readonly queueOf: (name: string) => Queue;
  /** Seconds a run is owned without a heartbeat. @default 10 */
  readonly leaseSeconds?: number;
}

/** Keeps jobs in the tables `job`, `job_attempt`, `job_key` and `jobs_completed`. */
export const createPostgresStore = ({
  con,
  settling = con,
  queueOf,
  leaseSeconds = 10,
}: PostgresStoreOptions): JobStore => ({
  enqueue,
  claim: (request) => claim(con, request, queueOf(request.queue), leaseSeconds),
  settle: (settlements, manager) => settle(settling, settlements, manager),
  extend: (running) => extend(settling.manager, running, leaseSeconds),
  promote: () => promote(settling.manager),
  recover: () => recover(settling),
  archiveResolved: () => archiveResolved(settling.manager),
  find: (id) => find(con.manager, id),
});
