import type { DataSource } from 'typeorm';

import type { Logger } from '../logger.ts';
import type { JobName, JobSchema } from './declarations.ts';
import type { JobDeclaration } from './declare.ts';
import type {
  JobContext,
  JobHandler,
  SettlingJobContext,
  TransactionalJobContext,
} from './handler.ts';
import type { OnDead } from './port.ts';
import { type Queue, type QueueDefinition, queueOf } from './queue.ts';
import { UnknownQueueError } from './errors.ts';

/** The handlers of all declared jobs; one too few or too many does not compile. */
export type JobHandlers = {
  readonly [Name in JobName]: JobHandler<JobSchema[Name]>;
};

/** A handler of any job. Methods, because only they accept handlers of every payload. */
export type AnyJobHandler =
  | {
      readonly transactional?: false;
      handler(payload: unknown, context: JobContext): Promise<unknown>;
    }
  | {
      readonly transactional: true;
      handler(
        payload: unknown,
        context: TransactionalJobContext,
      ): Promise<unknown>;
    };

/** Keeps the outcome of the jobs of one name, in place of the archive's result and the dead-letter desk. */
export interface JobKeeper {
  /** Runs and settles the job. What it throws counts as with any other job. */
  run(payload: unknown, context: SettlingJobContext): Promise<void>;
  readonly onDead: OnDead;
}

/** What a dispatcher can run: queues, and jobs with their declarations and handlers. */
export interface JobRegistry {
  readonly queues: Readonly<Record<string, QueueDefinition>>;
  readonly declarations: Readonly<Record<string, JobDeclaration>>;
  readonly handlers: Readonly<Record<string, AnyJobHandler>>;
  /** Jobs, with a declaration each, whose outcome somebody else keeps. @default none */
  readonly keepers?: Readonly<Record<string, JobKeeper>>;
  /**
   * Finds and mends what the keepers' own tables still wait for, because a job was deleted by hand. Called
   * again and again, by every process.
   *
   * @returns how many were mended
   */
  readonly sweep?: (con: DataSource, logger: Logger) => Promise<number>;
}

/** @throws UnknownQueueError */
export const queueNamed = (
  queues: Readonly<Record<string, QueueDefinition>>,
  name: string,
): Queue => {
  const definition = Object.hasOwn(queues, name) ? queues[name] : undefined;
  if (!definition) throw new UnknownQueueError(name, Object.keys(queues));
  return queueOf(definition);
};
