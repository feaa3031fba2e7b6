import { countFailedRedrive, signRedriven } from '../dead-letters/claim.ts';
import type { DeadLetter } from '../entity/infrastructure/index.ts';
import type { RedriveResult } from './redrive-result.ts';
import type { Redriver, RedriveRequest } from './redriver.ts';

/** Runs the job of an entry once more; its end has changed the entry already. */
export const rerunFailedJob = async (
  { dataSource: { manager } }: Redriver,
  rerunJob: NonNullable<Redriver['rerunJob']>,
  { id, identity, subscription }: DeadLetter,
  request: RedriveRequest,
): Promise<RedriveResult> => {
  const result = await rerunJob(
    {
      id: identity,
      queue: subscription,
      ...(request.payload && { payload: request.payload.toString('utf8') }),
    },
    request.signal,
  );
  switch (result.outcome) {
    case 'completed':
      await signRedriven(manager, id, request);
      return { id, subscription, outcome: 'redriven', duplicate: false };
    case 'failed':
      await countFailedRedrive(manager, id);
      return { id, subscription, outcome: 'failed', error: result.error };
    case 'interrupted':
      return { id, subscription, outcome: 'interrupted', error: result.error };
    case 'not failed':
      return { id, subscription, outcome: 'skipped', reason: 'not failed' };
  }
};

/** Lets the run of an entry go on; its processes do the rest. */
export const retryFailedRun = async (
  retryRun: NonNullable<Redriver['retryRun']>,
  { id, eventId, subscription }: DeadLetter,
  { actor, reason }: RedriveRequest,
): Promise<RedriveResult> =>
  eventId !== null && (await retryRun(eventId, { actor, reason }))
    ? { id, subscription, outcome: 'redriven', duplicate: false }
    : { id, subscription, outcome: 'skipped', reason: 'not failed' };
