import { v7 as uuidv7 } from 'uuid';

import { firstIndex, jobOf } from '../backend/job.ts';
import type { ClaimedTask, Follower } from '../backend/port.ts';
import { advance } from '../orchestration/advance.ts';
import type { Plan } from '../plan.ts';

/** What begins after the step of a task, each with the job that would carry it. */
export const followersOf = (
  plan: Plan,
  { run, step, traceparent }: Pick<ClaimedTask, 'run' | 'step' | 'traceparent'>,
): Follower[] =>
  advance(plan, step).flatMap((transition) => {
    if (transition.type === 'close') return [];
    const { step: next } = transition;
    const idx = firstIndex(next);
    return [
      {
        run,
        parent: step,
        step: next.name,
        idx,
        job: jobOf(plan, next, { run, step: next.name, idx }, uuidv7(), {
          traceparent,
        }),
      },
    ];
  });
