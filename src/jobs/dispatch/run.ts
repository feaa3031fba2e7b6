import {
  context as tracing,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { DataSource, EntityManager } from 'typeorm';

import { PermanentError } from '../../dead-letters/permanent-error.ts';
import { errorOf } from '../../dead-letters/thrown.ts';
import { withCause } from '../../events/context.ts';
import {
  HandlerTransaction,
  isAbortedTransaction,
  TransactionFailedError,
} from '../../handler-transaction.ts';
import type { Logger } from '../../logger.ts';
import type { RunningJob } from '../handler.ts';
import type { ClaimedJob, JobStore, Outcome } from '../port.ts';
import type { AnyJobHandler, JobKeeper, JobRegistry } from '../registry.ts';
import { largestPayload } from '../resolve.ts';
import { isStorableJson } from '../storable-json.ts';
import {
  JobCutError,
  JobTimeoutError,
  LeaseLostError,
  UnkeepableResultError,
  UnreadablePayloadError,
} from './errors.ts';
import { Notes } from './notes.ts';

export interface RunDependencies {
  readonly registry: JobRegistry;
  readonly store: JobStore;
  readonly con: DataSource;
  /** Connections that handlers cannot take away. @default con */
  readonly settling?: DataSource;
  readonly logger: Logger;
}

/** `settled`: the end of the job was part of its own commit. */
export type RunEnd = Outcome | { readonly type: 'settled' };

/** Milliseconds that a handler has for its end once its signal has fired. */
const grace = 1_000;

const tracer = trace.getTracer('nightshift.jobs');
const propagator = new W3CTraceContextPropagator();

const described = (job: ClaimedJob): RunningJob => ({
  id: job.id,
  name: job.name,
  queue: job.queue,
  attempt: job.attempt,
  attempts: job.attempts,
  ...(job.tenant !== undefined && { tenant: job.tenant }),
  ...(job.key !== undefined && { key: job.key }),
  createdAt: job.createdAt,
  runAt: job.runAt,
});

const encoded = (job: ClaimedJob, result: unknown): string | undefined => {
  let json: string | undefined;
  try {
    json = JSON.stringify(result);
  } catch (error) {
    throw new UnkeepableResultError(
      job.name,
      `JSON cannot hold it (${String(error)})`,
    );
  }
  if (json === undefined) return undefined;
  const bytes = Buffer.byteLength(json);
  if (bytes > largestPayload)
    throw new UnkeepableResultError(
      job.name,
      `its ${bytes} bytes as JSON are more than ${largestPayload}`,
    );
  if (!isStorableJson(json))
    throw new UnkeepableResultError(
      job.name,
      'Postgres stores neither NUL nor half a character',
    );
  return json;
};

/** One attempt at a job: it runs until its handler ends, its time is up, or it is cut off. */
export class Run {
  readonly notes = new Notes();
  readonly #controller = new AbortController();
  readonly #dependencies: RunDependencies;

  constructor(
    readonly job: ClaimedJob,
    dependencies: RunDependencies,
  ) {
    this.#dependencies = dependencies;
  }

  /** Another process owns the job. */
  lose(): void {
    this.#controller.abort(new LeaseLostError(this.job.name));
  }

  /** The process stops: the attempt will not count. */
  cut(): void {
    this.#controller.abort(new JobCutError(this.job.name));
  }

  /** Never rejects. */
  async end(): Promise<RunEnd> {
    const { job } = this;
    const parent =
      job.traceparent === undefined
        ? ROOT_CONTEXT
        : propagator.extract(
            ROOT_CONTEXT,
            { traceparent: job.traceparent },
            defaultTextMapGetter,
          );
    const span = tracer.startSpan(
      `run ${job.name}`,
      { kind: SpanKind.CONSUMER },
      parent,
    );
    const timer = setTimeout(
      () =>
        this.#controller.abort(
          new JobTimeoutError(job.name, job.timeoutSeconds),
        ),
      job.timeoutSeconds * 1_000,
    );
    try {
      const end = await tracing.with(trace.setSpan(parent, span), () =>
        this.#attempt(),
      );
      this.#describe(span, end);
      return end;
    } finally {
      clearTimeout(timer);
      span.end();
    }
  }

  async #attempt(): Promise<RunEnd> {
    try {
      const { registry } = this.#dependencies;
      const { job } = this;
      const handler = registry.handlers[job.name];
      const declaration = registry.declarations[job.name];
      const keeper = registry.keepers?.[job.name];
      if (!declaration) return { type: 'released' };
      const payload = declaration.payload.safeParse(job.payload);
      if (!payload.success)
        throw new UnreadablePayloadError(
          job.name,
          payload.error.issues.map(
            ({ path, message }) => `${path.join('.')}: ${message}`,
          ),
        );
      if (keeper) return await this.#kept(keeper, payload.data);
      if (!handler) return { type: 'released' };
      return handler.transactional
        ? await this.#inTransaction(handler, payload.data)
        : {
            type: 'completed',
            result: encoded(
              job,
              await this.#interruptible(
                this.#call(undefined, (context) =>
                  handler.handler(payload.data, {
                    ...context,
                    con: this.#dependencies.con,
                  }),
                ),
              ),
            ),
          };
    } catch (error) {
      return this.#failureOf(error);
    }
  }

  /** The keeper settles the job, and keeps what came out of it. */
  async #kept(keeper: JobKeeper, payload: unknown): Promise<RunEnd> {
    const { con, settling = con } = this.#dependencies;
    const { job } = this;
    await this.#interruptible(
      this.#call(undefined, (context) =>
        keeper.run(payload, {
          ...context,
          con,
          settling,
          claim: { id: job.id, fence: job.fence },
          traceparent: job.traceparent,
          notes: () => this.notes.take(),
        }),
      ),
    );
    return { type: 'settled' };
  }

  /** Effects, the end of the job and the jobs it creates are one commit. */
  async #inTransaction(
    handler: Extract<AnyJobHandler, { transactional: true }>,
    payload: unknown,
  ): Promise<RunEnd> {
    const { con, store } = this.#dependencies;
    const { job } = this;
    const transaction = await this.#begun(HandlerTransaction.begin(con));
    const { manager } = transaction;
    const { signal } = this.#controller;
    const destroy = (): void => transaction.destroy();
    // What a timeout cannot stop in JavaScript, it cuts off from the database.
    signal.addEventListener('abort', destroy);
    try {
      signal.throwIfAborted();
      const result = encoded(
        job,
        await this.#interruptible(
          this.#call(manager, (context) =>
            handler.handler(payload, { ...context, manager }),
          ),
        ),
      );
      const [settled] = await store.settle(
        [
          {
            id: job.id,
            fence: job.fence,
            outcome: { type: 'completed', result },
            ...this.notes.take(),
          },
        ],
        manager,
      );
      if (settled === 'lost') throw new LeaseLostError(job.name);
      await transaction.commit();
      return { type: 'settled' };
    } catch (error) {
      await transaction.rollback();
      this.notes.putBack();
      // A statement of the handler failed before, and it went on as if it had not.
      throw isAbortedTransaction(error) ? new TransactionFailedError() : error;
    } finally {
      signal.removeEventListener('abort', destroy);
    }
  }

  #call(
    manager: EntityManager | undefined,
    handle: (context: {
      job: RunningJob;
      logger: Logger;
      signal: AbortSignal;
      progress: (fraction: number, at?: string) => void;
      log: (line: string) => void;
    }) => Promise<unknown>,
  ): Promise<unknown> {
    const { job, notes } = this;
    const { logger } = this.#dependencies;
    return withCause(
      { id: job.id, subscription: `job ${job.queue}`, manager },
      // Whatever a handler returns is waited for, also if it is no promise.
      async () =>
        handle({
          job: described(job),
          logger: logger.child({
            jobId: job.id,
            job: job.name,
            attempt: job.attempt,
          }),
          signal: this.#controller.signal,
          progress: (fraction, at) => notes.progress(fraction, at),
          log: (line) => notes.log(line),
        }),
    );
  }

  /** The transaction, unless the signal fires first; one that comes later is given back. */
  async #begun(
    beginning: Promise<HandlerTransaction>,
  ): Promise<HandlerTransaction> {
    try {
      return await this.#interruptible(beginning, 0);
    } catch (error) {
      beginning.then(
        (transaction) => transaction.rollback(),
        () => undefined,
      );
      throw error;
    }
  }

  /** What the work comes to, or the reason of the signal once the grace after that is over. */
  async #interruptible<Result>(
    work: Promise<Result>,
    graceMilliseconds = grace,
  ): Promise<Result> {
    const { signal } = this.#controller;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const interrupted = new Promise<never>((_, reject) => {
      onAbort = () => {
        timer = setTimeout(
          () => reject(signal.reason as Error),
          graceMilliseconds,
        );
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      clearTimeout(timer);
      if (onAbort) signal.removeEventListener('abort', onAbort);
      work.catch(() => undefined);
    }
  }

  #failureOf(thrown: unknown): RunEnd {
    const reason = this.#controller.signal.reason as Error | undefined;
    // Whatever a handler throws once it was told to stop, that it was told to is what happened.
    if (reason instanceof JobCutError) return { type: 'released' };
    const error = reason ?? errorOf(thrown);
    return {
      type: 'failed',
      error,
      permanent: error instanceof PermanentError,
    };
  }

  #describe(span: Span, end: RunEnd): void {
    if (!span.isRecording()) return;
    const { job } = this;
    span.setAttributes({
      'nightshift.job.id': job.id,
      'nightshift.job.name': job.name,
      'nightshift.job.queue': job.queue,
      'nightshift.job.attempt': job.attempt,
    });
    if (end.type !== 'failed') return;
    span.recordException(end.error);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
}
