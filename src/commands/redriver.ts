import { type DataSource, In } from 'typeorm';

import type {
  PreviewRedrive,
  Redrive,
  Resend,
} from '../api/operator/redriving.ts';
import type { OpenBulkRedriver } from '../bulk/acts.ts';
import { CausalityRecorder } from '../causality/recorder.ts';
import { config } from '../config.ts';
import { createPublisherClient } from '../host/clients.ts';
import { previewEntry } from '../host/preview.ts';
import { previewResend, resendEntry } from '../host/resend.ts';
import { keyOf, redriveInOrder, redriveMany } from '../host/redrive-many.ts';
import type { RedriveResult } from '../host/redrive-result.ts';
import type { JobRerun, Redriver } from '../host/redriver.ts';
import { DeadLetter } from '../entity/index.ts';
import { UnknownJobError, UnknownQueueError } from '../jobs/errors.ts';
import { retryFlow, RunStateError, UnknownRunError } from '../flows/index.ts';
import { workRegistry } from '../flows/definitions/index.ts';
import type { JobRegistry } from '../jobs/registry.ts';
import { editFailedJob } from '../jobs/operate/edit.ts';
import { type Rerun, rerunJob } from '../jobs/invoke/rerun-job.ts';
import type { Logger } from '../logger.ts';
import { retentionRules } from '../retention/rules.ts';
import {
  personalizedDigestWorkers,
  typedWorkers,
  workers,
} from '../workers/index.ts';
import { servedWorkers } from '../workers/serve.ts';

/** What redrives need in this process: every worker of every process, and a client for what they publish. */
export interface OpenRedriver extends Redriver {
  /** Sends what handlers published with the client. */
  close(): Promise<void>;
}

/** How old a row of the inbox becomes before it is pruned. */
const inboxAge = (): number =>
  retentionRules.find(({ table }) => table === 'inbox')?.age ?? Infinity;

const jobResult = (result: Rerun): JobRerun => {
  switch (result.outcome) {
    case 'completed':
    case 'not failed':
      return { outcome: result.outcome };
    case 'retried':
    case 'exhausted':
      return { outcome: 'failed', error: result.error ?? 'unknown' };
    case 'released':
    case 'lost':
      return {
        outcome: 'interrupted',
        error: 'the job was cut off and stays failed',
      };
  }
};

/**
 * Prepares this process to redrive. Connects to the broker only when a handler publishes by itself: events
 * take the outbox, those of direct topics too.
 *
 * @param registry what failed jobs are run with: that of everything that runs in any process.
 */
export const openRedriver = (
  dataSource: DataSource,
  logger: Logger,
  registry: JobRegistry,
): OpenRedriver => {
  const { PUBSUB_PROJECT_ID, PUBSUB_EMULATOR_HOST, CAUSALITY_RECORDING } =
    config();
  const recorder = CAUSALITY_RECORDING
    ? new CausalityRecorder({ con: dataSource, logger })
    : undefined;
  const pubsub = createPublisherClient({
    projectId: PUBSUB_PROJECT_ID,
    ...(PUBSUB_EMULATOR_HOST !== undefined && {
      emulatorHost: PUBSUB_EMULATOR_HOST,
    }),
  });
  const served = servedWorkers({
    ...typedWorkers,
    ...workers,
    ...personalizedDigestWorkers,
  });
  return {
    dataSource,
    logger,
    pubsub,
    rerunJob: async ({ payload, ...job }, signal) => {
      const { manager } = dataSource;
      const original =
        payload === undefined
          ? undefined
          : await editFailedJob(manager, job.id, payload);
      if (payload !== undefined && original === undefined)
        return { outcome: 'not failed' };
      try {
        return jobResult(
          await rerunJob({
            ...job,
            con: dataSource,
            logger,
            registry,
            signal,
          }),
        );
      } catch (error) {
        // A queue of a version that is gone; nothing can run it here.
        if (error instanceof UnknownQueueError)
          return { outcome: 'not failed' };
        throw error;
      } finally {
        // One that failed again is as the desk shows it, and runs so the next time.
        if (original !== undefined)
          await editFailedJob(manager, job.id, original);
      }
    },
    retryRun: async (run, operator) => {
      try {
        await retryFlow(dataSource.manager, run, operator);
        return true;
      } catch (error) {
        if (error instanceof RunStateError || error instanceof UnknownRunError)
          return false;
        throw error;
      }
    },
    inboxMilliseconds: inboxAge(),
    workers: new Map(served.map((worker) => [worker.subscription, worker])),
    recorder,
    close: async () => {
      await recorder?.stop();
      await pubsub.close();
    },
  };
};

/** What the API calls to redrive: with the result of every entry, of which there are few. */
export const redriveWith =
  (redriver: Redriver): Redrive =>
  async (call) => {
    const results: RedriveResult[] = [];
    const report = await redriveMany(redriver, {
      ...call,
      onResult: (result) => results.push(result),
    });
    return { ...report, results };
  };

/** What bulk actions redrive with, in the order of publication. */
export const openBulkRedriver =
  (logger: Logger, registry: JobRegistry): OpenBulkRedriver =>
  (con, failed) => {
    const redriver = openRedriver(con, logger, registry);
    const failedKeys = new Set(
      failed.map(({ subscription, orderingKey }) =>
        keyOf(subscription, orderingKey),
      ),
    );
    return {
      redrive: (id, operator, signal) =>
        redriveInOrder(redriver, { ...operator, id, signal }, failedKeys),
      close: () => redriver.close(),
    };
  };

/** Validates a payload as the job's declaration says. */
const parseJob = (name: string, payload: unknown): void => {
  const { declarations } = workRegistry;
  const declaration = Object.hasOwn(declarations, name)
    ? declarations[name]
    : undefined;
  if (!declaration) throw new UnknownJobError(name, Object.keys(declarations));
  declaration.payload.parse(payload);
};

/** What the API calls to run an entry with another payload, and to see before whether its handler reads that. */
export const resendWith = (redriver: Redriver): Resend => ({
  preview: (edit) =>
    previewResend(redriver, { workers: redriver.workers, parseJob }, edit),
  run: (request) => resendEntry(redriver, request),
});

/** What the API calls to compare entries with the handlers of today. */
export const previewWith =
  ({ dataSource, workers }: Redriver): PreviewRedrive =>
  async (ids) => {
    const entries = await dataSource
      .getRepository(DeadLetter)
      .findBy({ id: In([...ids]) });
    return entries.map((entry) => ({
      id: entry.id,
      subscription: entry.subscription,
      ...previewEntry({ workers, parseJob }, entry),
    }));
  };
