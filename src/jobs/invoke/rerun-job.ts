import type { Settled } from '../port.ts';
import { Invocation, type InvocationOptions } from './invocation.ts';

export interface RerunJobOptions extends InvocationOptions {
  readonly id: string;
  readonly queue: string;
}

/** What became of a job that was to be run again. */
export type Rerun =
  | { readonly outcome: Settled; readonly error: string | undefined }
  /** It is not failed any more, or a job before it in its lane is. */
  | { readonly outcome: 'not failed' };

/**
 * Runs one failed job once more.
 *
 * @throws UnknownQueueError
 */
export const rerunJob = async ({
  id,
  queue,
  ...options
}: RerunJobOptions): Promise<Rerun> => {
  const invocation = new Invocation(options);
  let isAsked = false;
  let outcome: Settled | undefined;
  invocation.add(
    queue,
    () => {
      if (isAsked) return undefined;
      isAsked = true;
      return { status: 'failed', id, limit: 1 };
    },
    ({ settled }) => {
      outcome = settled;
    },
  );
  await invocation.run();
  if (outcome === undefined) return { outcome: 'not failed' };
  return { outcome, error: (await invocation.store.find(id))?.error };
};
