import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type { AnyFlow } from '../dsl/definition.ts';
import { InvalidSignalError } from '../errors.ts';
import { keepable } from '../keepable.ts';
import { loadPlan } from './plans.ts';
import { type IdleTask, requeue } from './requeue.ts';
import { runRow } from './run-row.ts';

export interface SignalOptions {
  /** A second signal with the same key to the same step changes nothing. At most 512 bytes. @default none */
  readonly key?: string;
  /** The flow, so that what the signal carries is checked as the step declares it. @default unchecked */
  readonly flow?: AnyFlow | undefined;
}

const longestKey = 512;
/** Signals kept of one step, taken or not: a sender that never stops must not fill the table. */
const mostSignals = 1_000;

const checkedPayload = (
  run: string,
  name: string,
  payload: unknown,
  flow: AnyFlow | undefined,
): string => {
  const work = flow?.steps.find(({ planned }) => planned.name === name)?.work;
  const schema = work?.kind === 'wait' ? work.payload : undefined;
  const parsed = schema?.safeParse(payload);
  if (parsed && !parsed.success)
    throw new InvalidSignalError(
      run,
      name,
      parsed.error.issues
        .map(
          ({ path, message }) => `${path.join('.') || 'payload'}: ${message}`,
        )
        .join('; '),
    );
  const kept = keepable(parsed ? parsed.data : payload);
  if ('problem' in kept) throw new InvalidSignalError(run, name, kept.problem);
  return kept.json;
};

/** @returns `false` if one with this key is there @throws InvalidSignalError if there are too many */
const keep = async (
  manager: EntityManager,
  {
    id,
    run,
    name,
    key,
    json,
  }: Readonly<Record<'id' | 'run' | 'name' | 'key' | 'json', string>>,
): Promise<boolean> => {
  const [row] = await manager.query<[{ sent: boolean; full: boolean }]>(
    `with there as materialized (
       select count(*) >= ${mostSignals} as full, coalesce(bool_or(key = $4), false) as again from (
         select key from flow_signal where run_id = $2 and name = $3
       ) as signal
     ), sent as (
       insert into flow_signal (id, run_id, name, key, payload)
       select $1::uuid, $2::uuid, $3::text, $4::text, $5::jsonb from there where not there.full
       on conflict do nothing returning id
     )
     select exists (select from sent) as sent, there.full and not there.again as full from there`,
    [id, run, name, key, json],
  );
  if (row.full)
    throw new InvalidSignalError(
      run,
      name,
      `expected at most ${mostSignals} signals to a step, which ends with the first`,
    );
  return row.sent;
};

/**
 * Sends a signal to the step of a run that waits for it, now or later; a wait ends with the first one. In the
 * transaction of `manager`, if it has one.
 *
 * @returns `false` if a signal with this key was sent before
 * @throws UnknownRunError, InvalidSignalError: nothing was written then
 */
export const signalFlow = async (
  manager: EntityManager,
  run: string,
  name: string,
  payload: unknown = null,
  { key, flow }: SignalOptions = {},
): Promise<boolean> => {
  if (
    key !== undefined &&
    (key === '' || Buffer.byteLength(key) > longestKey || key.includes('\0'))
  )
    throw new InvalidSignalError(
      run,
      name,
      `expected a key of 1 to ${longestKey} bytes without NUL`,
    );
  const json = checkedPayload(run, name, payload, flow);
  return manager.transaction(async (own) => {
    const { plan_id, traceparent } = await runRow(own, run);
    const plan = await loadPlan(own, plan_id);
    const waits = plan.steps.filter(({ kind }) => kind === 'wait');
    if (!waits.some((step) => step.name === name))
      throw new InvalidSignalError(
        run,
        name,
        `expected the name of a step that waits: ${waits.map((step) => step.name).join(', ') || 'the flow has none'}`,
      );
    const tasks = await own.query<IdleTask[]>(
      `select run_id, step, idx, state, null::timestamptz as due_at, job_id from flow_task
       where run_id = $1 and step = $2 and idx = 0 for update`,
      [run, name],
    );
    // Whoever begins to wait locks the step, too, so that no signal is overlooked.
    await own.query(
      'select from flow_step where run_id = $1 and name = $2 for update',
      [run, name],
    );
    const id = uuidv7();
    if (!(await keep(own, { id, run, name, key: key ?? id, json })))
      return false;
    await own.query(
      `insert into flow_event (run_id, type, step) values ($1, 'signal sent', $2)`,
      [run, name],
    );
    await requeue(
      own,
      plan,
      traceparent,
      tasks
        .filter(({ state }) => state === 'waiting')
        .map((task) => ({ ...task, state: 'queued' })),
    );
    return true;
  });
};
