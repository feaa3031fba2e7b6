import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** A name for whoever claims jobs, for those who look at one: host, process, and which of its claimers. */
export const workerName = (): string =>
  `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
