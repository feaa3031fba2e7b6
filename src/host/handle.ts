import type { RawMessage } from '../workers/worker.ts';
import type {
  HandledRecord,
  HandleDependencies,
  Handling,
} from './handling.ts';
import type { ServedWorker } from './served-worker.ts';
import { claim } from './stages/claim.ts';
import { parse } from './stages/parse.ts';
import { type HandleOptions, receive } from './stages/receive.ts';
import { record } from './stages/record.ts';
import { run } from './stages/run.ts';
import { settle } from './stages/settle.ts';
import { trace } from './stages/trace.ts';

export type { HandledRecord, HandleDependencies } from './handling.ts';
export type { HandleOptions } from './stages/receive.ts';

const report = (handling: Handling): void => {
  handling.done(record(handling));
};

const conclude = (handling: Handling): void => {
  const settled = settle(handling);
  if (settled instanceof Promise) void settled.then(report);
  else report(settled);
};

const runOrConclude = (handling: Handling): void => {
  if (handling.failure || handling.duplicate) conclude(handling);
  else run(handling, conclude);
};

/**
 * Takes one message through all stages: receive, trace, parse, claim, run, settle, record. Needs no
 * broker: the host acks or nacks by the outcome, tests and redrives look at it.
 *
 * @param done called once, after this has returned. A promise for each stage, or for all of them, would
 *   be a tenth of the host's work on a message.
 */
export const handleDelivery = (
  dependencies: HandleDependencies,
  worker: ServedWorker,
  raw: RawMessage,
  options: HandleOptions,
  done: (record: HandledRecord) => void,
): void => {
  const handling = receive(dependencies, worker, raw, options, done);
  try {
    parse(trace(handling));
  } catch (error) {
    handling.failed('infrastructure', error);
  }
  if (worker.transactional && !handling.failure)
    void claim(handling)
      .catch((error: unknown) => handling.failed('infrastructure', error))
      .then(runOrConclude);
  else runOrConclude(handling);
};

/** The same, as a promise of what became of the message. Never rejects. */
export const handleMessage = (
  dependencies: HandleDependencies,
  worker: ServedWorker,
  raw: RawMessage,
  options: HandleOptions = {},
): Promise<HandledRecord> =>
  new Promise((resolve) => {
    handleDelivery(dependencies, worker, raw, options, resolve);
  });
