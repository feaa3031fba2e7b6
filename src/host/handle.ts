import type { RawMessage } from '../workers/worker.ts';
import type { HandledRecord, HandleDependencies } from './handling.ts';
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

/**
 * Takes one message through all stages: receive, trace, parse, claim, run, settle, record. Needs no
 * broker: the host acks or nacks by the outcome, tests and redrives look at it. Never rejects.
 */
export const handleMessage = async (
  dependencies: HandleDependencies,
  worker: ServedWorker,
  raw: RawMessage,
  options: HandleOptions = {},
): Promise<HandledRecord> => {
  const handling = receive(dependencies, worker, raw, options);
  try {
    parse(trace(handling));
    if (worker.transactional && !handling.failure) await claim(handling);
    if (!handling.failure && !handling.duplicate) await run(handling);
  } catch (error) {
    handling.failed('infrastructure', error);
  }
  const settled = settle(handling);
  return record(settled instanceof Promise ? await settled : settled);
};
