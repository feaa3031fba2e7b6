import { type Chart, plot } from '../flows/plot.ts';
import type { Summary } from './summary.ts';

/** The streamer and Debezium Server beside each other, as an SVG of horizontal bars. */
export const plotCapture = (ours: Summary, theirs: Summary): string => {
  const chart = (
    title: string,
    value: (summary: Summary) => number,
    shown: (summary: Summary) => string,
    isLogarithmic = false,
  ): Chart => ({
    title,
    isLogarithmic,
    bars: [ours, theirs].map((summary) => ({
      label: summary === ours ? 'streamer' : 'Debezium Server',
      value: value(summary),
      shown: shown(summary),
      isOurs: summary === ours,
    })),
  });
  const rows = (number: number) => `${number.toLocaleString('en')}/s`;
  return plot([
    chart(
      'Changes of few rows, drained (more is better)',
      ({ updatesPerSecond }) => updatesPerSecond,
      ({ updatesPerSecond }) => rows(updatesPerSecond),
    ),
    chart(
      'New rows, a key and so a call each, drained (more is better)',
      ({ insertsPerSecond }) => insertsPerSecond,
      ({ insertsPerSecond }) => rows(insertsPerSecond),
    ),
    chart(
      'CPU a new row, µs (less is better)',
      ({ cpuMicrosecondsPerInsert }) => cpuMicrosecondsPerInsert,
      ({ cpuMicrosecondsPerInsert }) => String(cpuMicrosecondsPerInsert),
    ),
    chart(
      'Commit to publish, p50 in ms (less is better; logarithmic)',
      ({ commitToPublishMilliseconds }) => commitToPublishMilliseconds.p50,
      ({ commitToPublishMilliseconds: { p50, p99 } }) => `${p50} (p99 ${p99})`,
      true,
    ),
  ]);
};
