import type { EntityManager } from 'typeorm';

import { readSlot } from '../cdc/slot.ts';
import { slotName } from '../cdc/tables.ts';
import type { SubscriptionBacklog } from '../provision/statistics.ts';
import { positionOf } from './position.ts';
import { Unconfirmed } from './unconfirmed.ts';

/** One station of a change on its way from the log of the database to its effects. */
export interface Station {
  /**
   * - `slot`: written to the log and not confirmed, the whole way to the broker
   * - `decode`: written, and not decoded and sent to who streams
   * - `publish`: sent, and not handed to the broker
   * - `ack`: handed over, and not acknowledged by the broker
   * - `effect`: published, and not handled
   */
  readonly name: 'slot' | 'decode' | 'publish' | 'ack' | 'effect';
  /** What waits in front of it: bytes of log, or messages. */
  readonly waiting: number;
  readonly unit: 'bytes' | 'messages';
  /** How long the oldest of it has waited, at least; where nothing waits, how long it took last. */
  readonly seconds: number;
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
  readonly written: string;
  readonly sent: string | null;
  readonly taken: string | null;
  readonly confirmed: string | null;
  /** Seconds as Postgres measured them: until it was taken, and until it was confirmed. */
  readonly takenAfter: number | null;
  readonly confirmedAfter: number | null;
}

const senderSql = `
  select r.application_name as reader, pg_current_wal_lsn()::text as written, r.sent_lsn::text as sent,
    r.write_lsn::text as taken, s.confirmed_flush_lsn::text as confirmed,
    extract(epoch from r.write_lag)::float8 as "takenAfter",
    extract(epoch from r.flush_lag)::float8 as "confirmedAfter"
  from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid
  where s.slot_name = $1 and s.database = current_database()`;

/** Remembers between two looks since when each station has something waiting. */
export class ReplicationTimes {
  readonly slot = new Unconfirmed();
  readonly decode = new Unconfirmed();
  readonly publish = new Unconfirmed();
  readonly ack = new Unconfirmed();
}

/** Bytes of log, and seconds, below which a station only breathes. */
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

const holding: Readonly<Record<Station['name'], string>> = {
  slot: 'The slot holds up',
  decode: 'Decoding holds up',
  publish: 'Publishing holds up',
  ack: 'The broker holds up',
  effect: 'Handlers hold up',
};

const waits = (seconds: number): string =>
  seconds >= 1 ? `, for ${Math.round(seconds)} s at least` : '';

/** The stations from the log to the broker's word, which are positions in the log. */
const logStations = (
  sender: SenderRow | undefined,
  lagBytes: number,
  times: ReplicationTimes,
): Station[] => {
  const written = positionOf(sender?.written ?? '0/0');
  const confirmed = sender?.confirmed
    ? positionOf(sender.confirmed)
    : written - BigInt(Math.max(0, lagBytes));
  // While nobody streams everything waits to be decoded.
  const sent = sender?.sent ? positionOf(sender.sent) : confirmed;
  const taken = sender?.taken ? positionOf(sender.taken) : confirmed;
  const station = (
    name: 'slot' | 'decode' | 'publish' | 'ack',
    end: bigint,
    reached: bigint,
    lately: number | null,
    says: string,
  ): Station => {
    const waiting = Number(end > reached ? end - reached : 0n);
    const since = times[name].look(end, reached);
    return {
      name,
      waiting,
      unit: 'bytes',
      seconds: since > 0 ? since : Math.max(0, lately ?? 0),
      sentence: `${size(waiting)} of log are ${says}${waits(since)}.`,
    };
  };
  const { takenAfter = null, confirmedAfter = null } = sender ?? {};
  return [
    station('slot', written, confirmed, confirmedAfter, 'not confirmed yet'),
    station('decode', written, sent, null, 'written and not decoded'),
    station(
      'publish',
      sent,
      taken,
      takenAfter,
      'decoded and not handed to the broker',
    ),
    station(
      'ack',
      taken,
      confirmed,
      confirmedAfter === null ? null : confirmedAfter - (takenAfter ?? 0),
      'published, and the broker has not said yet that it has their messages',
    ),
  ];
};

const effectStation = (backlogs: readonly SubscriptionBacklog[]): Station => {
  const messages = backlogs.reduce((sum, { backlog }) => sum + backlog, 0);
  const slowest = backlogs
    .filter(({ backlog }) => backlog > 0)
    .sort((one, other) => other.oldestUnackedSeconds - one.oldestUnackedSeconds)
    .at(0);
  return {
    name: 'effect',
    waiting: messages,
    unit: 'messages',
    seconds: slowest?.oldestUnackedSeconds ?? 0,
    sentence: slowest
      ? `${messages} published message${messages === 1 ? ' waits' : 's wait'} for ${messages === 1 ? 'its' : 'their'} effect, the oldest for ${Math.round(slowest.oldestUnackedSeconds)} s at ${slowest.name}.`
      : 'No published message waits for its effect.',
  };
};

/**
 * Reads where changes wait, and how long: for the decoding of the log, for being published, for the broker's word, for
 * their handlers. Seconds are what Postgres measured where something flows, and since when looks have seen it wait
 * where it does not. Works whoever streams, the streamer or Debezium Server.
 *
 * @param backlogs of the broker; `undefined` where it does not tell.
 * @param times of the looks before.
 */
export const readReplication = async (
  manager: EntityManager,
  backlogs: readonly SubscriptionBacklog[] | undefined,
  times: ReplicationTimes,
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
  const stations = [
    ...logStations(sender, slot.lagBytes, times),
    ...(backlogs ? [effectStation(backlogs)] : []),
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
  const held = stations
    .filter(({ name }) => name !== 'slot')
    .filter(
      ({ unit, waiting, seconds }) =>
        seconds > breath.seconds ||
        (unit === 'bytes' && waiting > breath.bytes),
    )
    .sort((one, other) => other.seconds - one.seconds)
    .at(0);
  return held
    ? {
        ...common,
        bottleneck: held.name,
        sentence: `${holding[held.name]} the others: ${held.sentence}`,
      }
    : {
        ...common,
        bottleneck: null,
        sentence: 'Changes reach their handlers without waiting anywhere.',
      };
};
