import type { Check, Finding } from '../check.ts';

interface Settings {
  readonly kept: string;
  readonly unlimited: boolean;
  readonly senders: number;
  readonly sendersUsed: number;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly streaming: boolean;
}

const settingsSql = `
  select current_setting('max_slot_wal_keep_size') as kept,
         (select setting = '-1' from pg_settings where name = 'max_slot_wal_keep_size') as unlimited,
         current_setting('max_wal_senders')::int as senders,
         (select count(*)::int from pg_stat_replication) as "sendersUsed",
         current_setting('max_replication_slots')::int as slots,
         (select count(*)::int from pg_replication_slots) as "slotsUsed",
         coalesce((select active from pg_replication_slots where slot_name = $1), false) as streaming`;

const findingsOf = (settings: Settings, slot: string): Finding[] => {
  const findings: Finding[] = [];
  if (settings.sendersUsed >= settings.senders)
    findings.push({
      // Whoever streams now goes on; after the next lost connection it may not come back.
      level: settings.streaming ? 'warning' : 'broken',
      message:
        `Every WAL sender of Postgres is taken (max_wal_senders = ${settings.senders}), so that ` +
        (settings.streaming
          ? `whoever reads slot ${slot} may not come back when its connection is lost.`
          : `nobody can read slot ${slot}.`),
      remedy:
        'end replication connections that nobody needs (select * from pg_stat_replication), or raise max_wal_senders and restart Postgres',
    });
  if (settings.slotsUsed >= settings.slots)
    findings.push({
      level: 'warning',
      message: `Every replication slot of Postgres is taken (max_replication_slots = ${settings.slots}), so that no other can be made, not even to recover a lost one.`,
      remedy:
        'drop slots that nobody needs (select * from pg_replication_slots), or raise max_replication_slots and restart Postgres',
    });
  if (settings.unlimited)
    findings.push({
      level: 'note',
      message:
        'max_slot_wal_keep_size is not set: while nobody reads the slot, WAL grows until the disk is full.',
      remedy:
        "where the disk is shared or small: alter system set max_slot_wal_keep_size = '50GB' (a slot that exceeds it is lost), and select pg_reload_conf()",
    });
  return findings;
};

/** Postgres has room for whoever streams, and a bound for the WAL that it keeps. */
export const replicationSettingsCheck: Check = {
  name: 'replication',
  needs: ['database'],
  run: async ({ query, slot }) => {
    const [settings] = await query<Settings>(settingsSql, [slot]);
    if (!settings) return [];
    const findings = findingsOf(settings, slot);
    if (findings.length > 0) return findings;
    return [
      {
        level: 'ok',
        message: `Postgres keeps at most ${settings.kept} of WAL for a slot, and has ${settings.senders - settings.sendersUsed} WAL senders free.`,
      },
    ];
  },
};
