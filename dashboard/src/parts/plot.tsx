import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

export interface PlotSeries {
  readonly name: string;
  readonly values: readonly number[];
}

/** A custom property as the canvas can use it: a probe resolves its light-dark(). */
const colour = (name: string, of: Element): string => {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  of.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};

const height = 176;

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
});

const make = (
  host: HTMLElement,
  series: readonly PlotSeries[],
  data: uPlot.AlignedData,
): uPlot => {
  const axis = {
    stroke: () => colour('--quiet', host),
    grid: { stroke: () => colour('--line', host), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return new uPlot(
    {
      width: host.clientWidth,
      height,
      cursor: { show: false },
      legend: { show: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        {
          ...axis,
          size: 28,
          space: 80,
          // Times are told to the minute.
          incrs: [60, 120, 300, 600],
          values: (_, times) => times.map((time) => clock.format(time * 1_000)),
        },
        { ...axis, size: 48 },
      ],
      series: [
        {},
        ...series.map(({ name }, index) => ({
          label: name,
          stroke: () => colour(`--series-${index + 1}`, host),
          width: 1.5,
          points: { show: false },
        })),
      ],
    },
    data,
    host,
  );
};

/** Lines over time. For those who cannot see them, `label` says what they show. */
export const Plot = ({
  times,
  series,
  label,
}: {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly label: string;
}) => {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const data = [
    [...times],
    ...series.map(({ values }) => [...values]),
  ] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  const names = series.map(({ name }) => name).join('\n');
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = make(
        element,
        names === ''
          ? []
          : names.split('\n').map((name) => ({ name, values: [] })),
        latest.current,
      );
    };
    draw();
    const resize = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height }),
    );
    resize.observe(element);
    // The colours change with the system's, or by the toggle.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, {
      attributeFilter: ['data-theme'],
    });
    return () => {
      resize.disconnect();
      theme.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [names]);
  useEffect(() => plot.current?.setData(latest.current));
  return <div className="plot" ref={host} role="img" aria-label={label} />;
};
