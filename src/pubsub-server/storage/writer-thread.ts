import { parentPort, workerData } from 'node:worker_threads';

import { openDatabase } from './database.ts';
import {
  StorageInUseError,
  StorageRefusedError,
  StorageUnavailableError,
} from './errors.ts';
import type { Job, Request, Response, WriterOptions } from './job.ts';
import { Writer } from './writer.ts';

/*
 * The thread that owns the database, so that a disk which takes its time holds up nobody else.
 * It is run by Node without a loader: here and in what it imports only types may be TypeScript.
 */

const { directory, file } = workerData as WriterOptions;

const port = parentPort;
if (port === null) throw new Error('expected to run as a worker thread');

const refusal = (error: unknown): Response => {
  if (error instanceof StorageInUseError)
    return { kind: 'refused', refusal: 'in-use', reason: '', pid: error.pid };
  if (error instanceof StorageRefusedError)
    return { kind: 'refused', refusal: 'damaged', reason: error.reason };
  return {
    kind: 'refused',
    refusal: 'unavailable',
    reason:
      error instanceof StorageUnavailableError
        ? error.reason
        : error instanceof Error
          ? error.message
          : String(error),
  };
};

const serve = (): void => {
  const opened = openDatabase(directory);
  const writer = new Writer(opened.database, file);
  let unwritten: Job | undefined;
  const write = (job: Job): Response => {
    try {
      writer.write(job);
      unwritten = undefined;
      return { kind: 'written' };
    } catch (error) {
      unwritten = job;
      return {
        kind: 'failed',
        reason: error instanceof Error ? error.message : String(error),
      };
    }
  };
  const answer = (request: Request): Response => {
    switch (request.kind) {
      case 'read':
        return {
          kind: 'batches',
          batches: writer.readBatches(request.afterId),
        };
      case 'write':
        return write(request.job);
      case 'retry':
        return unwritten === undefined ? { kind: 'written' } : write(unwritten);
      case 'close':
        opened.close();
        return { kind: 'closed' };
    }
  };
  try {
    port.postMessage({
      kind: 'opened',
      resources: writer.readResources(),
    } satisfies Response);
  } catch (error) {
    opened.close();
    throw error;
  }
  port.on('message', (request: Request) => {
    try {
      port.postMessage(answer(request));
    } catch (error) {
      port.postMessage(refusal(error));
    }
    if (request.kind === 'close') port.close();
  });
};

try {
  serve();
} catch (error) {
  port.postMessage(refusal(error));
}
