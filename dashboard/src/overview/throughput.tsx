import 'uplot/dist/uPlot.min.css';

import { rate } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import { Plot } from '../parts/plot.tsx';
import type { Overview } from './document.ts';

/** Lines that can be told apart; the processes beyond are summed up. */
const lines = 3;

const seriesOf = ({ throughput: { series }, processes }: Overview) => {
  const named = series.map(({ processId, values }) => {
    const process = processes.find(({ id }) => id === processId);
    const name = process
      ? `${process.name.replace(/^nightshift-/, '')} ${process.pid}`
      : processId;
    return {
      name,
      values,
      total: values.reduce((sum, value) => sum + value, 0),
    };
  });
  const sorted = named.sort((one, other) => other.total - one.total);
  const others = sorted.slice(lines);
  if (others.length === 0) return sorted;
  const values = others[0]!.values.map((_, index) =>
    others.reduce((sum, { values }) => sum + (values[index] ?? 0), 0),
  );
  return [
    ...sorted.slice(0, lines),
    { name: `${others.length} others`, values },
  ];
};

/** Steps that are shown even where nothing happened in them: two minutes. */
const fewest = 12;

/** Leaves out the time before anything happened, as after a start it would be most of the plot. */
const sinceSomething = (overview: Overview): Overview => {
  const { times, series } = overview.throughput;
  const first = Math.min(
    ...series.map(({ values }) => {
      const at = values.findIndex((value) => value > 0);
      return at < 0 ? times.length : at;
    }),
  );
  const from = Math.max(0, Math.min(first - 1, times.length - fewest));
  return {
    ...overview,
    throughput: {
      times: times.slice(from),
      series: series.map(({ processId, values }) => ({
        processId,
        values: values.slice(from),
      })),
    },
  };
};

/** What each process does a second, over the last quarter of an hour. */
export const Throughput = ({
  overview: whole,
}: {
  readonly overview: Overview;
}) => {
  const overview = sinceSomething(whole);
  const series = seriesOf(overview);
  const summary = series
    .map(({ name, values }) => `${name}: ${rate(values.at(-1) ?? 0)} a second`)
    .join('; ');
  return (
    <Panel
      title="Throughput"
      aside="messages, jobs and requests a second, of the last quarter of an hour"
    >
      <Plot
        times={overview.throughput.times}
        series={series}
        label={`Throughput now. ${summary}`}
      />
      <ul className="legend">
        {series.map(({ name, values }, index) => (
          <li key={name} style={{ color: `var(--series-${index + 1})` }}>
            <span>
              {name} <span className="quiet">{rate(values.at(-1) ?? 0)}/s</span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
};
