import {
  serverProblems,
  serverSettings,
} from '../../schema/server-settings.ts';
import type { Check } from '../check.ts';

/** Postgres answers, is new enough, and writes what change data capture reads. */
export const databaseCheck: Check = {
  name: 'database',
  needs: [],
  run: async ({ query }) => {
    const settings = await serverSettings(query);
    const problems = serverProblems(settings);
    if (problems.length > 0)
      return problems.map(({ expected, given, remedy }) => ({
        level: 'broken',
        message: `Postgres has not ${expected}, but: ${given}.`,
        remedy,
      }));
    return [
      {
        level: 'ok',
        message: `Postgres ${settings.version} answers, with wal_level = ${settings.walLevel}.`,
      },
    ];
  },
};
