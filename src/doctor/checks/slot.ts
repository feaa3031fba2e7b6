import { slotName } from '../../cdc/tables.ts';
import type { Check, Finding } from '../check.ts';
import { roughSize } from '../text.ts';

/** A streamer that keeps up is far below; a full disk is not far above. */
const lagWarningBytes = 256 * 1024 * 1024;

interface Slot {
  readonly active: boolean;
  readonly lag_bytes: string | null;
  readonly plugin: string;
  readonly wal_status: string | null;
}

const slotFindings = (slot: Slot): Finding[] => {
  if (slot.wal_status === 'lost')
    return [
      {
        level: 'broken',
        message:
          `Slot ${slotName} is lost: Postgres has removed WAL that nobody had read, so changes are missing ` +
          'on their topics. Events are safe in the outbox.',
        remedy:
          'keep the outbox rows, raise max_slot_wal_keep_size, and recover the slot before anything prunes the outbox',
      },
    ];
  const lag = Number(slot.lag_bytes ?? 0);
  const findings: Finding[] = [];
  if (!slot.active)
    findings.push({
      level: 'broken',
      message: `Nobody reads slot ${slotName}: changes and events wait, and WAL grows (${roughSize(lag)} so far).`,
      remedy:
        'start the streamer (locally: npx pnpm dev:background) or Debezium Server',
    });
  if (slot.wal_status === 'unreserved')
    findings.push({
      level: 'broken',
      message: `Slot ${slotName} is about to be lost: its WAL is over max_slot_wal_keep_size.`,
      remedy:
        'nightshift sql "alter system set max_slot_wal_keep_size = -1", then reload Postgres and let the streamer catch up',
    });
  else if (slot.active && lag > lagWarningBytes)
    findings.push({
      level: 'warning',
      message: `Slot ${slotName} is ${roughSize(lag)} of WAL behind.`,
      remedy:
        'look at the log of the process that streams for refused publishes',
    });
  return findings.length > 0
    ? findings
    : [
        {
          level: 'ok',
          message: `Slot ${slotName} is read, ${roughSize(lag)} of WAL behind.`,
        },
      ];
};

/** The replication slot exists, is read, and keeps up. */
export const slotCheck: Check = {
  name: 'slot',
  needs: ['database'],
  run: async ({ query }) => {
    const [slot] = await query<Slot>(
      `select active, plugin, wal_status,
              pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) as lag_bytes
         from pg_replication_slots
        where slot_name = $1 and database = current_database()`,
      [slotName],
    );
    if (!slot)
      return [
        {
          level: 'broken',
          message: `Replication slot ${slotName} is missing, so no change leaves the database.`,
          remedy: 'nightshift migrate',
        },
      ];
    if (slot.plugin !== 'pgoutput')
      return [
        {
          level: 'broken',
          message: `Slot ${slotName} was made for ${slot.plugin}, not for pgoutput.`,
          remedy: `nightshift sql "select pg_drop_replication_slot('${slotName}')", then: nightshift migrate`,
        },
      ];
    return slotFindings(slot);
  },
};
