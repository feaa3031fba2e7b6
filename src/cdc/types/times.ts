import { UndecodableValueError } from '../errors.ts';
import type { ColumnType } from './column-type.ts';

const microsecondsPerDay = 86_400_000_000n;

/** Days since 1970 of a date of the Gregorian calendar, which Postgres uses for all times. */
const epochDays = (year: number, month: number, day: number): number => {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / 86_400_000;
};

const timestampPattern =
  /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?)?( BC)?$/;

interface Moment {
  readonly year: number;
  readonly month: string;
  readonly day: string;
  readonly clock: string;
  /** Six digits. */
  readonly fraction: string;
}

/** Takes apart what Postgres writes with DateStyle ISO and TimeZone UTC. */
const parseMoment = (type: string, text: string): Moment => {
  const match = timestampPattern.exec(text);
  const [, years, month, day] = match ?? [];
  if (!match || !years || !month || !day)
    throw new UndecodableValueError(
      type,
      /^-?infinity$/.test(text) ? 'got an infinity' : 'got an unknown form',
    );
  const [hours = '00', minutes = '00', seconds = '00'] = match.slice(4, 7);
  const fraction = (match[7] ?? '').padEnd(6, '0');
  const year = match[8] ? 1 - Number(years) : Number(years);
  const clock = `${hours}:${minutes}:${seconds}`;
  return { year, month, day, clock, fraction };
};

const daysOf = ({ year, month, day }: Moment): number =>
  epochDays(year, Number(month), Number(day));

/** Since 1970. */
const microsecondsOf = (moment: Moment): bigint => {
  const [hours, minutes, seconds] = moment.clock.split(':').map(Number);
  return (
    BigInt(daysOf(moment)) * microsecondsPerDay +
    BigInt(
      ((hours! * 60 + minutes!) * 60 + seconds!) * 1_000_000 +
        Number(moment.fraction),
    )
  );
};

/** Java's rule: four digits at least, a sign before the year 0 and after 9999. */
const isoYear = (year: number): string => {
  const digits = String(Math.abs(year)).padStart(4, '0');
  if (year < 0) return `-${digits}`;
  return year > 9999 ? `+${digits}` : digits;
};

const encodeDate = (text: string): string =>
  String(daysOf(parseMoment('date', text)));

export const date: ColumnType = {
  schema: { type: 'int32', name: 'io.debezium.time.Date', version: 1 },
  encode: encodeDate,
  zero: '0',
  generatedDefault: '1970-01-01',
};

/** Digits after the second: a modifier of -1 is Postgres's six. */
const precisionOf = (typeModifier: number): number =>
  typeModifier < 0 ? 6 : typeModifier;

export const timestampType = (typeModifier: number): ColumnType => {
  const milliseconds = precisionOf(typeModifier) <= 3;
  const name = milliseconds ? 'Timestamp' : 'MicroTimestamp';
  return {
    schema: { type: 'int64', name: `io.debezium.time.${name}`, version: 1 },
    encode: (text) => {
      const microseconds = microsecondsOf(parseMoment('timestamp', text));
      return String(milliseconds ? microseconds / 1_000n : microseconds);
    },
    zero: '0',
    generatedDefault: '1970-01-01',
  };
};

export const timestamptzType = (typeModifier: number): ColumnType => {
  const precision = precisionOf(typeModifier);
  return {
    schema: {
      type: 'string',
      name: 'io.debezium.time.ZonedTimestamp',
      version: 1,
    },
    encode: (text) => {
      const { year, month, day, clock, fraction } = parseMoment(
        'timestamptz',
        text,
      );
      const digits = precision === 0 ? '' : `.${fraction.slice(0, precision)}`;
      return `"${isoYear(year)}-${month}-${day}T${clock}${digits}Z"`;
    },
    zero: '"1970-01-01T00:00:00Z"',
    generatedDefault: '1970-01-01',
  };
};

const microsecondsOfDay = (type: string, text: string): number => {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) throw new UndecodableValueError(type, 'got an unknown form');
  const [hours, minutes, seconds] = match.slice(1, 4).map(Number);
  const fraction = Number((match[4] ?? '').padEnd(6, '0'));
  return ((hours! * 60 + minutes!) * 60 + seconds!) * 1_000_000 + fraction;
};

export const timeType = (typeModifier: number): ColumnType => {
  const milliseconds = precisionOf(typeModifier) <= 3;
  return {
    schema: {
      type: milliseconds ? 'int32' : 'int64',
      name: `io.debezium.time.${milliseconds ? 'Time' : 'MicroTime'}`,
      version: 1,
    },
    encode: (text) => {
      const microseconds = microsecondsOfDay('time', text);
      return String(milliseconds ? microseconds / 1_000 : microseconds);
    },
    // Debezium reads elements as `java.sql.Time`, which has milliseconds.
    encodeInArrays: (text) => {
      const time = Math.floor(microsecondsOfDay('time', text) / 1_000);
      return String(milliseconds ? time : time * 1_000);
    },
    zero: '0',
    generatedDefault: '00:00:00',
  };
};

const encodeZonedTime = (text: string): string => {
  const match = /^([\d:.]+)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text);
  const [, clock, sign, ...offset] = match ?? [];
  if (!clock) throw new UndecodableValueError('timetz', 'got an unknown form');
  const [hours, minutes, seconds] = offset.map((part) => Number(part ?? 0));
  const shift = ((hours! * 60 + minutes!) * 60 + seconds!) * 1_000_000;
  const local = microsecondsOfDay('timetz', clock);
  const day = Number(microsecondsPerDay);
  const utc = (local + (sign === '+' ? -shift : shift) + day) % day;
  const time = new Date(Math.floor(utc / 1_000)).toISOString().slice(11, 19);
  const fraction = String(utc % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `"${time}${fraction && `.${fraction}`}Z"`;
};

export const timetz: ColumnType = {
  schema: { type: 'string', name: 'io.debezium.time.ZonedTime', version: 1 },
  encode: encodeZonedTime,
  zero: '"00:00:00Z"',
};

/** Microseconds of each unit; a month is 30.4375 days, as Debezium has it. */
const intervalUnits: Readonly<Record<string, number>> = {
  year: 12 * 30.4375 * 86_400e6,
  mon: 30.4375 * 86_400e6,
  day: 86_400e6,
};

const encodeInterval = (text: string): string => {
  let microseconds = 0n;
  for (const [, count, unit] of text.matchAll(/(-?\d+) (year|mon|day)s?/g))
    microseconds += BigInt(count!) * BigInt(intervalUnits[unit!]!);
  const clock = /(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (clock) {
    const [hours, minutes, seconds] = clock.slice(2, 5).map(BigInt);
    const fraction = BigInt((clock[5] ?? '').padEnd(6, '0'));
    const time =
      ((hours! * 60n + minutes!) * 60n + seconds!) * 1_000_000n + fraction;
    microseconds += clock[1] ? -time : time;
  }
  return String(microseconds);
};

export const interval: ColumnType = {
  schema: { type: 'int64', name: 'io.debezium.time.MicroDuration', version: 1 },
  encode: encodeInterval,
  zero: '0',
  generatedDefault: '0',
};
