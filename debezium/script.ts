import { readFile } from 'node:fs/promises';

import type { CapturedTable } from '../src/cdc/tables.ts';

/** Where the row changes of the script go. */
export const changesTopic = 'api.changes';

/** Where its events go. */
export const eventTopics = ['post-upvoted', 'gondul.v1.thing'] as const;

/** The tables of the script, which stand for the captured ones. */
export const fixtureTables: readonly CapturedTable[] = [
  'account',
  'sample',
  'defaults',
  'plain',
  'toasted',
  'toasted_full',
  'member',
  'keyless',
  'exotic',
  'exotic_defaults',
  'generated',
  'copied',
]
  .map((table): CapturedTable => ({ table, topic: changesTopic }))
  .concat(
    {
      table: 'partial',
      topic: changesTopic,
      replicaIdentity: 'default',
      omit: ['secret'],
    },
    { table: 'filtered', topic: changesTopic, where: 'visible' },
  );

/** The statements of a file beside the recorded messages, in order. Each ends a line. */
export const statementsOf = async (file: string): Promise<string[]> => {
  const url = new URL(`../__tests__/fixture/debezium/${file}`, import.meta.url);
  return (await readFile(url, 'utf8'))
    .split(/;\n/)
    .filter((statement) => statement.trim() !== '');
};
