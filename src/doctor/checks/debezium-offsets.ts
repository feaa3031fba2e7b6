import {
  type DebeziumOffset,
  readDebeziumOffset,
} from '../../cdc/debezium-offsets.ts';
import { formatLsn } from '../../cdc/protocol/lsn.ts';
import type { Check, Finding } from '../check.ts';
import { roughSize } from '../text.ts';

/** How the streamer calls its connection (src/cdc/protocol/connection.ts). */
const streamerName = 'nightshift cdc';

const remedy =
  'before Debezium Server is started: nightshift cdc take-over --by debezium, which empties its offsets';

const findingOf = (
  { lsn, confirmed, end }: DebeziumOffset,
  reader: string | undefined,
): Finding => {
  const at = formatLsn(lsn);
  if (lsn > end)
    return {
      level: 'broken',
      message:
        `Debezium's offsets stand at ${at}, behind the end of this database's log (${formatLsn(end)}): they are of another ` +
        'history, such as before a restore, and Debezium Server passes over every change up to there.',
      remedy:
        'stop Debezium Server if it runs, then: nightshift cdc take-over, or with --by debezium',
    };
  // Whoever reads now is Debezium itself, or somebody who says not who it is.
  if (reader !== undefined && reader !== streamerName)
    return {
      level: 'ok',
      message: `Debezium's offsets stand at ${at}, and ${reader} reads the slot.`,
    };
  if (lsn > confirmed) {
    const ahead = `Debezium's offsets stand at ${at}, ${roughSize(Number(lsn - confirmed))} of WAL further than the slot is confirmed`;
    return reader === undefined
      ? {
          level: 'note',
          message: `${ahead}: right if Debezium Server read it last; after the streamer it would pass over what lies between.`,
          remedy,
        }
      : {
          level: 'warning',
          message: `${ahead}: started as it is, Debezium Server passes over what lies between.`,
          remedy,
        };
  }
  if (lsn < confirmed)
    return {
      level: 'note',
      message:
        `Debezium's offsets stand at ${at}, ${roughSize(Number(confirmed - lsn))} of WAL before what the slot has confirmed since: ` +
        'started as it is, Debezium Server may look for that place and come to a halt.',
      remedy,
    };
  return {
    level: 'ok',
    message: `Debezium's offsets stand where the slot is confirmed, at ${at}.`,
  };
};

const readerQuery = `
  select a.application_name as reader from pg_replication_slots s
    join pg_stat_activity a on a.pid = s.active_pid where s.slot_name = $1`;

/** Debezium Server, which trusts its offsets, would begin where the slot was confirmed last. */
export const debeziumOffsetsCheck: Check = {
  name: 'debezium offsets',
  needs: ['database'],
  run: async ({ query, slot }) => {
    const offset = await readDebeziumOffset(query, slot);
    if (!offset)
      return [
        {
          level: 'ok',
          message:
            'Debezium Server has no offsets here: it would begin where the slot is confirmed.',
        },
      ];
    const [row] = await query<{ reader: string }>(readerQuery, [slot]);
    return [findingOf(offset, row?.reader)];
  },
};
