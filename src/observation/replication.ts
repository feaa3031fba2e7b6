import type { EntityManager } from 'typeorm';

import { readSlot } from '../cdc/slot.ts';
import { slotName } from '../cdc/tables.ts';
import type { SubscriptionBacklog } from '../provision/statistics.ts';

/** One station of a change on its way from the log of the database to its effects. */
export interface Station {
  readonly name: 'decode' | 'publish' | 'effect';
  /** What waits in front of it: bytes of log, or messages. */
  readonly waiting: number;
  readonly unit: 'bytes' | 'messages';
  readonly sentence: string;
}

/** How far change data capture is. */
export interface ReplicationOverview {
  /** Whether the slot is there, of this database. */
  readonly found: boolean;
  /** Whether somebody reads it. */
  readonly active: boolean;
  /** Who, as they call themselves. */
  readonly reader: string | null;
  readonly retainedBytes: number;
  readonly stations: readonly Station[];
  /** The station that holds up the others; null if nothing waits long. */
  readonly bottleneck: Station['name'] | null;
  readonly sentence: string;
}

interface SenderRow {
  readonly reader: string | null;
  /** Not decoded and sent yet. */
  readonly undecoded: number | null;
  /** Sent, but not confirmed as published. */
  readonly unconfirmed: number | null;
}

const senderSql = `
  select r.application_name as reader,
    greatest(pg_current_wal_lsn() - r.sent_lsn, 0)::float8 as undecoded,
    greatest(r.sent_lsn - s.confirmed_flush_lsn, 0)::float8 as unconfirmed
  from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid
  where s.slot_name = $1 and s.database = current_database()`;

/** Bytes of log, and seconds of messages, below which a station only breathes. */
const breath = { bytes: 1_024 * 1_024, seconds: 5 };

const size = (bytes: number): string => {
  if (bytes < 1_024) return `${bytes} bytes`;
  if (bytes < 1_024 ** 2) return `${(bytes / 1_024).toFixed(0)} KB`;
  if (bytes < 1_024 ** 3) return `${(bytes / 1_024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1_024 ** 3).toFixed(1)} GB`;
};

const nothing = (found: boolean, sentence: string): ReplicationOverview => ({
  found,
  active: false,
  reader: null,
  retainedBytes: 0,
  stations: [],
  bottleneck: found ? 'decode' : null,
  sentence,
});

/**
 * Reads where changes wait: for the decoding of the log, for the broker's word that they are published,
 * for their handlers. Works whoever streams, the streamer or Debezium Server.
 *
 * @param backlogs of the broker; `undefined` where it does not tell.
 */
export const readReplication = async (
  manager: EntityManager,
  backlogs: readonly SubscriptionBacklog[] | undefined,
  slotNamed: string = slotName,
): Promise<ReplicationOverview> => {
  const slot = await readSlot(
    (text, values) => manager.query(text, [...values]),
    slotNamed,
  );
  if (!slot || slot.database !== slot.currentDatabase)
    return nothing(
      false,
      `There is no replication slot ${slotNamed} in this database: no event leaves it. nightshift doctor says what mends it.`,
    );
  if (slot.walStatus === 'lost')
    return nothing(
      true,
      `The replication slot ${slotNamed} is lost: no event leaves the database. nightshift cdc recover makes it anew.`,
    );
  const [sender] = await manager.query<SenderRow[]>(senderSql, [slotNamed]);
  const undecoded = sender?.undecoded ?? slot.lagBytes;
  const unconfirmed = sender?.unconfirmed ?? 0;
  const messages = (backlogs ?? []).reduce(
    (sum, { backlog }) => sum + backlog,
    0,
  );
  const slowest = (backlogs ?? [])
    .filter(({ backlog }) => backlog > 0)
    .sort((one, other) => other.oldestUnackedSeconds - one.oldestUnackedSeconds)
    .at(0);
  const stations: Station[] = [
    {
      name: 'decode',
      waiting: undecoded,
      unit: 'bytes',
      sentence: `${size(undecoded)} of log are written and not decoded.`,
    },
    {
      name: 'publish',
      waiting: unconfirmed,
      unit: 'bytes',
      sentence: `${size(unconfirmed)} of log are decoded, and the broker has not said yet that it has their messages.`,
    },
    ...(backlogs
      ? [
          {
            name: 'effect' as const,
            waiting: messages,
            unit: 'messages' as const,
            sentence: slowest
              ? `${messages} published message${messages === 1 ? ' waits' : 's wait'} for ${messages === 1 ? 'its' : 'their'} effect, the oldest for ${Math.round(slowest.oldestUnackedSeconds)} s at ${slowest.name}.`
              : 'No published message waits for its effect.',
          },
        ]
      : []),
  ];
  const common = {
    found: true,
    active: slot.active,
    reader: sender?.reader ?? null,
    retainedBytes: slot.retainedBytes,
    stations,
  };
  if (!slot.active)
    return {
      ...common,
      bottleneck: 'decode',
      sentence: `Nobody reads the replication slot: events stay in the database. Start nightshift cdc, or Debezium Server; the slot keeps ${size(slot.retainedBytes)} of log meanwhile.`,
    };
  if (unconfirmed > breath.bytes && unconfirmed >= undecoded)
    return {
      ...common,
      bottleneck: 'publish',
      sentence: `Publishing holds up the others: ${stations[1]!.sentence}`,
    };
  if (undecoded > breath.bytes)
    return {
      ...common,
      bottleneck: 'decode',
      sentence: `Decoding holds up the others: ${stations[0]!.sentence}`,
    };
  if (slowest && slowest.oldestUnackedSeconds > breath.seconds)
    return {
      ...common,
      bottleneck: 'effect',
      sentence: `Handlers hold up the others: ${stations[2]!.sentence}`,
    };
  return {
    ...common,
    bottleneck: null,
    sentence: 'Changes reach their handlers without waiting anywhere.',
  };
};
