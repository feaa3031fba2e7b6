import type { JobName, JobSchema } from './declarations.ts';
import type { JobDeclaration } from './declare.ts';
import type {
  JobContext,
  JobHandler,
  TransactionalJobContext,
} from './handler.ts';
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

/** What a dispatcher can run: queues, and jobs with their declarations and handlers. */
export interface JobRegistry {
  readonly queues: Readonly<Record<string, QueueDefinition>>;
  readonly declarations: Readonly<Record<string, JobDeclaration>>;
  readonly handlers: Readonly<Record<string, AnyJobHandler>>;
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
