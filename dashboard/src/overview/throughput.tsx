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
    return { name, values, total: values.reduce((sum, value) => sum + value) };
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

/** What each process does a second, over the last quarter of an hour. */
export const Throughput = ({ overview }: { readonly overview: Overview }) => {
  const series = seriesOf(overview);
  const summary = series
    .map(({ name, values }) => `${name}: ${rate(values.at(-1) ?? 0)} a second`)
    .join('; ');
  return (
    <Panel
      title="Throughput"
      aside="messages, jobs and requests a second, a quarter of an hour"
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
