import type { StepView } from '../read/describe.ts';
import type { FlowGraph, GraphNode } from './graph.ts';

/** Lanes beside each other that a terminal has room for; wider graphs name what each step depends on. */
const mostLanes = 24;

const marks: Readonly<Record<StepView, string>> = {
  pending: '○',
  queued: '◌',
  running: '◉',
  retrying: '↻',
  waiting: '◷',
  completed: '●',
  skipped: '⊘',
  failed: '✖',
};

/** A step with dependents to come keeps a lane until the last of them is drawn. */
interface Lane {
  readonly source: string;
  remaining: number;
}

const dependentsOf = (nodes: readonly GraphNode[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const dep of nodes.flatMap(({ deps }) => deps))
    counts.set(dep, (counts.get(dep) ?? 0) + 1);
  return counts;
};

/** Draws what joins lanes with the node at `place`, and what passes by. */
const drawn = (
  mark: string,
  place: number,
  before: readonly (Lane | undefined)[],
  joined: ReadonlySet<number>,
  ended: ReadonlySet<number>,
): string => {
  const reached = [...joined, place];
  const left = Math.min(...reached);
  const right = Math.max(...reached);
  let line = '';
  for (let column = 0; column < Math.max(before.length, right + 1); column++) {
    const isWithin = column >= left && column < right;
    let cell = before[column] ? '│' : isWithin && column > left ? '─' : ' ';
    if (column === place) cell = mark;
    else if (joined.has(column)) {
      const open = ended.has(column);
      if (column === left) cell = open ? '╰' : '├';
      else if (column === right) cell = open ? '╯' : '┤';
      else cell = open ? '┴' : '┼';
    }
    line += cell + (isWithin ? '─' : ' ');
  }
  return line.trimEnd();
};

/** A line for each step: its place in the drawing. `undefined` if there is no room. */
const lines = (nodes: readonly GraphNode[]): string[] | undefined => {
  const dependents = dependentsOf(nodes);
  let lanes: (Lane | undefined)[] = [];
  let busyBefore = new Set<number>();
  const result: string[] = [];
  for (const { name, deps, state } of nodes) {
    const joined = new Set<number>();
    const ended = new Set<number>();
    for (const [column, lane] of lanes.entries())
      if (lane && deps.includes(lane.source)) {
        joined.add(column);
        lane.remaining -= 1;
        if (lane.remaining === 0) ended.add(column);
      }
    let place = Math.min(...ended);
    if (ended.size === 0) {
      // A column that was used in the line above would look like a dependency.
      place = 0;
      while (lanes[place] || busyBefore.has(place)) place += 1;
    }
    if (place >= mostLanes) return undefined;
    result.push(drawn(marks[state ?? 'pending'], place, lanes, joined, ended));
    lanes = lanes.map((lane, column) => (ended.has(column) ? undefined : lane));
    busyBefore = new Set(
      [...lanes.keys()].filter((column) => lanes[column]).concat(place),
    );
    const remaining = dependents.get(name) ?? 0;
    lanes[place] = remaining > 0 ? { source: name, remaining } : undefined;
  }
  return result;
};

/**
 * A graph for a terminal: a line for each step, joined with the steps that it depends on. Where the graph is
 * too wide for that, each step names them.
 */
export const graphText = ({ title, nodes }: FlowGraph): string => {
  const drawing = lines(nodes);
  const left = nodes.map(({ state }, index) =>
    drawing ? drawing[index]! : marks[state ?? 'pending'],
  );
  const width = Math.max(0, ...left.map((line) => line.length));
  const names = Math.max(0, ...nodes.map(({ name }) => name.length));
  return [
    title,
    ...nodes.map(({ name, state, note, deps }, index) =>
      [
        left[index]!.padEnd(width),
        name.padEnd(names),
        ...(state === undefined ? [] : [state.padEnd(9)]),
        note,
        ...(drawing || deps.length === 0 ? [] : [`after ${deps.join(', ')}`]),
      ]
        .join('  ')
        .trimEnd(),
    ),
  ].join('\n');
};
