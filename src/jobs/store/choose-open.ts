import type { ClaimRequest } from '../port.ts';
import { type Choice, eligible } from './choice.ts';

/** Chooses from a queue without limits: several may choose at once, each skips what another has locked. */
export const openChoice = (request: ClaimRequest): Choice => {
  const { sql, parameters } = eligible(request, 3);
  return {
    sql: `
      select id, state, rank, turn from job
      where queue = $1 and state = 'pending' and turn >= 0 and ${sql}
      order by rank desc, turn limit $2
      for update skip locked`,
    parameters: [request.queue, request.limit, ...parameters],
  };
};
