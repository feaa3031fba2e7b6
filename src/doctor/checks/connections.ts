import type { Check } from '../check.ts';
import { counted } from '../text.ts';

/**
 * A transactional handler holds a connection from its first statement to its commit. With more of
 * them than connections, those that wait time out, and so does whatever else needs the pool.
 */
export const connectionsCheck: Check = {
  name: 'connections',
  needs: [],
  run: async ({ config, deployment }) => {
    const pool = config.DATABASE_POOL_SIZE;
    const held = deployment.processes.map(({ name, workers }) => ({
      name,
      slots: workers
        .filter(({ transactional }) => transactional)
        .reduce((sum, { maxMessages }) => sum + maxMessages, 0),
    }));
    const short = held.filter(({ slots }) => slots > pool);
    if (short.length > 0)
      return short.map(({ name, slots }) => ({
        level: 'warning',
        message:
          `nightshift ${name} may run ${counted(slots, 'transactional handler')} at once on ` +
          `${counted(pool, 'connection')}: under full load some wait for a connection until their time is up.`,
        remedy: `set DATABASE_POOL_SIZE to ${slots} or more, or give its transactional workers a smaller maxMessages`,
      }));
    return [
      {
        level: 'ok',
        message: `The pool of ${counted(pool, 'connection')} has one for every transactional handler of a process.`,
      },
    ];
  },
};
