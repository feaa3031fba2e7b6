import type { Load } from './load.ts';
import type { Cores, Drained, Latency, Transaction } from './measures.ts';

/** What was measured of one contender, a value a round. */
export interface Measured {
  readonly drained: Record<Load, Drained[]>;
  readonly latency: Latency[];
  /** Why it had to be measured again. */
  readonly failures: string[];
  transaction?: Transaction;
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

/** To three digits. */
export const round = (number: number): number => Number(number.toPrecision(3));

export const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

/** Of how many cores each process had the time, in the middle round. */
const coresOf = (drained: readonly Drained[]): Cores => {
  const of = (process: keyof Cores) =>
    round(median(drained.map(({ cores }) => cores[process])));
  return {
    contender: of('contender'),
    broker: of('broker'),
    postgres: of('postgres'),
  };
};

/** Medians over the rounds. */
export const summaryOf = ({
  drained,
  latency,
  transaction: whole,
  failures,
}: Measured) => ({
  failures,
  updatesPerSecond: round(median(drained.updates.map((d) => d.rowsPerSecond))),
  insertsPerSecond: round(median(drained.inserts.map((d) => d.rowsPerSecond))),
  cpuMicrosecondsPerUpdate: round(
    median(drained.updates.map((d) => d.cpuMicrosecondsPerRow)),
  ),
  cpuMicrosecondsPerInsert: round(
    median(drained.inserts.map((d) => d.cpuMicrosecondsPerRow)),
  ),
  cores: {
    updates: coresOf(drained.updates),
    inserts: coresOf(drained.inserts),
  },
  commitToPublishMilliseconds: {
    p50: round(median(latency.map(({ p50 }) => p50))),
    p99: round(median(latency.map(({ p99 }) => p99))),
  },
  ...(whole && {
    transaction: {
      rows: whole.rows,
      rowsPerSecond: round(whole.rowsPerSecond),
      residentMegabytesBefore: megabytes(whole.resident),
      residentMegabytesAtMost: megabytes(whole.peak),
    },
  }),
});

export type Summary = ReturnType<typeof summaryOf>;
