import { trace } from '@opentelemetry/api';
import type { EntityManager } from 'typeorm';

import createOrGetConnection from '../../db.ts';
import { currentCause } from '../../events/context.ts';
import { eventId } from '../../events/identity.ts';
import { traceparentOf } from '../../events/trace-context.ts';
import type { Flow } from '../dsl/flow.ts';
import type { AnyFlow } from '../dsl/definition.ts';
import { InvalidFlowInputError } from '../errors.ts';
import { keepable } from '../keepable.ts';
import { insertRun, type StartedRun } from './insert-run.ts';

export interface StartOptions {
  /** A second run of the flow with the same key is never made; the first one's id is returned. At most 512 bytes. */
  readonly key?: string;
  /** Why it runs: the id of an event, a row change, a request. At most 512 bytes. @default what the handler that runs was called for */
  readonly cause?: string;
  /**
   * The transaction that the run belongs to: it exists if and only if that commits.
   *
   * @default the transaction of the transactional handler that runs, else one of its own
   */
  readonly manager?: EntityManager;
}

/** Bytes of what only names something: indexes hold no more. */
const longestName = 512;

const checkedInput = (flow: AnyFlow, input: unknown): string => {
  const parsed = flow.inputSchema?.safeParse(input);
  if (parsed && !parsed.success)
    throw new InvalidFlowInputError(
      flow.name,
      parsed.error.issues.map(
        ({ path, message }) => `${path.join('.') || 'input'}: ${message}`,
      ),
    );
  const kept = keepable(parsed ? parsed.data : input);
  if ('problem' in kept)
    throw new InvalidFlowInputError(flow.name, [kept.problem]);
  return kept.json;
};

/** As `startFlow`, for a flow whose types are not known. */
export const startAnyFlow = async (
  flow: AnyFlow,
  input: unknown,
  { key, cause, manager }: StartOptions = {},
): Promise<StartedRun> => {
  for (const [name, text] of Object.entries({ key, cause }))
    if (
      text !== undefined &&
      (text === '' ||
        Buffer.byteLength(text) > longestName ||
        text.includes('\0'))
    )
      throw new InvalidFlowInputError(flow.name, [
        `expected a ${name} of 1 to ${longestName} bytes without NUL`,
      ]);
  const origin = currentCause();
  const span = trace.getActiveSpan();
  const run = {
    flow,
    input: checkedInput(flow, input),
    // A handler that runs again starts the same run again.
    id: eventId(`flow ${flow.name}`, origin, key),
    key,
    cause: cause ?? origin?.id,
    traceparent: span && traceparentOf(span),
  };
  const joined = manager ?? origin?.manager;
  if (joined) return insertRun(joined, run);
  const con = await createOrGetConnection();
  return con.transaction((own) => insertRun(own, run));
};

/**
 * Starts a run of a flow: written down with all its steps in the transaction of `manager` if that is given;
 * its first steps begin within milliseconds of the commit. Within a handler the run knows its cause, and a handler
 * that runs again starts the same run again, once.
 *
 * @returns the run's id; with a key that was used before, the id of the first run.
 * @throws InvalidFlowInputError: nothing was written then; and whatever Postgres says.
 */
export const startFlow = <Input>(
  flow: Pick<Flow<Input, object, unknown>, keyof AnyFlow | 'types'>,
  input: Input,
  options: StartOptions = {},
): Promise<StartedRun> => startAnyFlow(flow, input, options);
