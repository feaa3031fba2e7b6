import type { DeadLetter } from '../entity/infrastructure/index.ts';
import { shortened } from '../dead-letters/text.ts';
import { Cancellation } from './cancellation.ts';
import type { ServedWorker } from './served-worker.ts';
import { messageOf } from './stored-message.ts';

/** Whether the handler of today can read a stored message, before anything is run. */
export type Preview =
  { readonly fits: true } | { readonly fits: false; readonly reason: string };

export interface Previewer {
  readonly workers: ReadonlyMap<string, ServedWorker>;
  /** Validates the payload of a job. @throws if it cannot be read */
  readonly parseJob: (name: string, payload: unknown) => void;
}

const longestReason = 500;

const reading = (read: () => unknown): Preview => {
  try {
    read();
    return { fits: true };
  } catch (error) {
    return {
      fits: false,
      reason: shortened(
        error instanceof Error ? error.message : String(error),
        longestReason,
      ),
    };
  }
};

/** Compares an entry's payload with the schema that its handler has now. Runs nothing. */
export const previewEntry = (
  { workers, parseJob }: Previewer,
  entry: DeadLetter,
): Preview => {
  if (entry.erasedAt)
    return { fits: false, reason: 'its data was erased with a user' };
  // No handler of one subscription reads these: an event or a row change is on its way to many, a flow goes on.
  if (['outbox', 'cdc', 'flow'].includes(entry.source)) return { fits: true };
  if (entry.source === 'job')
    return reading(() =>
      parseJob(entry.topic, JSON.parse(entry.payload.toString('utf8'))),
    );
  const worker = workers.get(entry.subscription);
  if (!worker)
    return { fits: false, reason: 'no handler of this version takes it' };
  return reading(() => worker.parse(messageOf(entry, new Cancellation())));
};
