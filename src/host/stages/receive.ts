import type { RawMessage } from '../../workers/worker.ts';
import { Cancellation } from '../cancellation.ts';
import {
  type HandledRecord,
  type HandleDependencies,
  Handling,
} from '../handling.ts';
import type { ServedWorker } from '../served-worker.ts';

export interface HandleOptions {
  /** Ends the attempt from outside. @default one of its own, cancelled by the message's signal */
  readonly cancellation?: Cancellation;
  /** The handler failed on this message before, in this process. @default false */
  readonly failedBefore?: boolean;
  /** Run a transactional worker although the inbox has the event already. @default false */
  readonly again?: boolean;
}

const ownCancellation = ({ signal }: RawMessage): Cancellation => {
  const cancellation = new Cancellation();
  const cancel = () => {
    cancellation.cancel(
      signal.reason instanceof Error ? signal.reason : new Error('aborted'),
    );
  };
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  return cancellation;
};

/** First stage: the record of a message that nothing happened to yet. */
export const receive = (
  dependencies: HandleDependencies,
  worker: ServedWorker,
  raw: RawMessage,
  { cancellation, failedBefore = false, again = false }: HandleOptions,
  done: (record: HandledRecord) => void,
): Handling =>
  new Handling(
    dependencies,
    worker,
    raw,
    cancellation ?? ownCancellation(raw),
    // A first delivery cannot have failed elsewhere; any other may have.
    failedBefore || raw.deliveryAttempt !== 1,
    again,
    done,
  );
