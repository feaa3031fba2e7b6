import type { Item } from '../node.ts';
import type { Reader } from '../reader.ts';
import { events } from './events.ts';
import { uuidsOf } from './ids.ts';
import { jobs } from './jobs.ts';
import { changesWhere } from './row-changes.ts';
import { runs } from './runs.ts';
import { told } from './told.ts';

/**
 * Things by their own ids, and things by the ids of what caused them, of every kind but deliveries. Ids that are no
 * UUID, of messages without an event id, find events alone.
 */
export const things = async (
  reader: Reader,
  ids: readonly string[],
  causes: readonly string[],
): Promise<Item[]> => {
  if (ids.length + causes.length === 0) return [];
  const uuids = uuidsOf(ids);
  const triggered = await events(reader, ids, causes);
  const changes =
    uuids.length === 0
      ? []
      : await changesWhere(reader, 'id = any($1::uuid[])', [uuids]);
  const changed = new Set(changes.map(({ node }) => node.key));
  return [
    ...changes,
    ...triggered.filter(({ node }) => !changed.has(node.key)),
    ...(await jobs(reader, uuids, causes)),
    ...(await runs(reader, uuids, causes)),
    ...(await told(reader, uuids, causes)),
  ];
};
