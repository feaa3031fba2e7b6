import type { StepView } from '../read/describe.ts';
import type { FlowGraph } from './graph.ts';
import { layoutOf, type Point } from './layout.ts';

const box = { width: 176, height: 44 };
const room = { x: 24, y: 40 };
const margin = 24;
const titleHeight = 32;
/** Characters of a name that a box has room for; the whole is its title. */
const longestName = 22;

/** Fill, and the line around it: readable on white and on black, and apart for most who see colours otherwise. */
const colours: Readonly<
  Record<StepView | 'planned', readonly [string, string]>
> = {
  planned: ['#ffffff', '#57606a'],
  pending: ['#f6f8fa', '#8c959f'],
  queued: ['#fff8c5', '#9a6700'],
  running: ['#ddf4ff', '#0969da'],
  retrying: ['#ffe7cf', '#bc4c00'],
  waiting: ['#fbefff', '#8250df'],
  completed: ['#dafbe1', '#1a7f37'],
  skipped: ['#eaeef2', '#6e7781'],
  failed: ['#ffebe9', '#cf222e'],
};

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

const shown = (name: string): string =>
  name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;

const left = ({ x }: Point): number => margin + x * (box.width + room.x);
const top = ({ y }: Point): number =>
  margin + titleHeight + y * (box.height + room.y);
const rounded = (number: number): number => Math.round(number * 10) / 10;

/** From below one box to above the next, through the points in between, bending only between layers. */
const pathOf = (points: readonly Point[]): string => {
  const middle = (point: Point): number => rounded(left(point) + box.width / 2);
  let [from] = points;
  if (!from) return '';
  let path = `M${middle(from)} ${top(from) + box.height}`;
  for (const [index, to] of points.slice(1).entries()) {
    const start = top(from) + box.height;
    const end = top(to);
    const half = (start + end) / 2;
    path += `C${middle(from)} ${half} ${middle(to)} ${half} ${middle(to)} ${end}`;
    if (index < points.length - 2) path += `V${end + box.height}`;
    from = to;
  }
  return path;
};

/** A graph as an SVG document: a box for each step in the colour of its state, below what it depends on. */
export const graphSvg = ({ title, nodes }: FlowGraph): string => {
  const { places, edges } = layoutOf(nodes);
  const all = [...places, ...edges.flatMap(({ points }) => points)];
  const far = (of: 'x' | 'y'): number =>
    all.reduce((most, point) => Math.max(most, point[of]), 0);
  const width = Math.max(
    rounded(left({ x: far('x'), y: 0 }) + box.width + margin),
    title.length * 8 + 2 * margin,
  );
  const height = top({ x: 0, y: far('y') }) + box.height + margin;
  const paths = edges.map(
    ({ points }) => `<path d="${pathOf(points)}" marker-end="url(#arrow)"/>`,
  );
  const boxes = nodes.map(({ name, state, note }, index) => {
    const place = places[index]!;
    const [fill, stroke] = colours[state ?? 'planned'];
    const x = rounded(left(place));
    const y = top(place);
    const middle = rounded(x + box.width / 2);
    const said = state === undefined ? note : `${state} · ${note}`;
    return (
      `<g><title>${escaped(`${name}: ${said}`)}</title>` +
      `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="6" fill="${fill}" stroke="${stroke}"` +
      `${state === 'skipped' ? ' stroke-dasharray="4 3"' : ''}/>` +
      `<text x="${middle}" y="${y + 19}" class="name">${escaped(shown(name))}</text>` +
      `<text x="${middle}" y="${y + 35}" class="note">${escaped(said)}</text></g>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `role="img" aria-label="${escaped(title)}" font-family="ui-sans-serif, system-ui, sans-serif">`,
    '<style>.name{font-size:13px;font-weight:600}.note{font-size:11px;fill:#57606a}text{text-anchor:middle;fill:#1f2328}' +
      'path{fill:none;stroke:#8c959f;stroke-width:1.5}.title{text-anchor:start;font-size:14px}</style>',
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">' +
      '<path d="M0 0L8 4L0 8z" style="fill:#8c959f;stroke:none"/></marker></defs>',
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="${margin}" y="${margin + 8}" class="title">${escaped(title)}</text>`,
    ...paths,
    ...boxes,
    '</svg>',
  ].join('\n');
};
