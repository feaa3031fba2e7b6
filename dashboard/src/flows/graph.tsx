import type { Run, Step } from './documents.ts';

const box = { width: 176, height: 46 };
const room = { x: 22, y: 34 };
const margin = 8;
/** Characters that a box has room for; the whole name is in the table below. */
const longestName = 22;

interface Point {
  readonly x: number;
  readonly y: number;
}

const left = ({ x }: Point): number => margin + x * (box.width + room.x);
const top = ({ y }: Point): number => margin + y * (box.height + room.y);

/** From below one box to above the next, through the points in between. */
const pathOf = (points: readonly Point[]): string =>
  points.reduce((path, point, index) => {
    const x = left(point) + box.width / 2;
    if (index === 0) return `M${x} ${top(point) + box.height}`;
    const before = points[index - 1] ?? point;
    const from = left(before) + box.width / 2;
    const half = (top(before) + box.height + top(point)) / 2;
    const through =
      index < points.length - 1 ? `V${top(point) + box.height}` : '';
    return `${path}C${from} ${half} ${x} ${half} ${x} ${top(point)}${through}`;
  }, '');

const noteOf = ({
  kind,
  state,
  total,
  done,
  attempt,
  attempts,
}: Step): string =>
  [
    state,
    ...(kind === 'task' ? [] : [kind]),
    ...(kind === 'map' && total > 0 ? [`${done} of ${total}`] : []),
    ...(state === 'retrying' && attempt !== null
      ? [`attempt ${attempt} of ${attempts}`]
      : []),
  ].join(', ');

const shown = (name: string): string =>
  name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;

/** The steps of a run as a graph, each below what it depends on, in the colour and word of its state. */
export const Graph = ({
  run: { steps, edges, run },
}: {
  readonly run: Run;
}) => {
  const all: Point[] = [...steps, ...edges.flatMap(({ points }) => points)];
  const width =
    Math.max(0, ...all.map((point) => left(point))) + box.width + margin;
  const height =
    Math.max(0, ...all.map((point) => top(point))) + box.height + margin;
  const states = Object.entries(
    Object.groupBy(steps, ({ state }) => state),
  ).map(([state, alike]) => `${alike?.length} ${state}`);
  return (
    <div
      className="graph"
      tabIndex={0}
      role="region"
      aria-label="Graph of the steps"
    >
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`The steps of ${run.flow}: ${states.join(', ')}. The table below says the same.`}
      >
        {edges.map(({ from, to, points }) => (
          <path key={`${from} ${to}`} className="edge" d={pathOf(points)} />
        ))}
        {steps.map((step) => (
          <g
            key={step.name}
            className={`step ${step.state}`}
            transform={`translate(${left(step)} ${top(step)})`}
          >
            <rect width={box.width} height={box.height} rx={8} />
            <text x={12} y={20} className="name">
              {shown(step.name)}
            </text>
            <text x={12} y={36} className="note">
              {noteOf(step)}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
};
