import type { DataSource } from 'typeorm';

import type { JobStore, OnDead } from '../port.ts';
import type { Queue } from '../queue.ts';
import { archiveResolved } from './archive-resolved.ts';
import { claim } from './claim.ts';
import { enqueue } from './enqueue.ts';
import { extend } from './extend.ts';
import { find } from './find.ts';
import { giveBack } from './give-back.ts';
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
  /** By the name of a job: who keeps its outcome when it failed for good. @default the dead-letter desk */
  readonly onDead?: (name: string) => OnDead | undefined;
  /** Seconds a run is owned without a heartbeat. @default 10 */
  readonly leaseSeconds?: number;
}

/** Keeps jobs in the tables `job`, `job_attempt`, `job_key` and `jobs_completed`. */
export const createPostgresStore = ({
  con,
  settling = con,
  queueOf,
  onDead = () => undefined,
  leaseSeconds = 10,
}: PostgresStoreOptions): JobStore => ({
  enqueue,
  claim: (request) => claim(con, request, queueOf(request.queue), leaseSeconds),
  settle: (settlements, manager) =>
    settle(settling, settlements, manager, onDead),
  extend: (running) => extend(settling.manager, running, leaseSeconds),
  giveBack: (holder) => giveBack(settling.manager, holder),
  promote: () => promote(settling.manager),
  recover: () => recover(settling, onDead),
  archiveResolved: () => archiveResolved(settling.manager),
  find: (id) => find(con.manager, id),
});
