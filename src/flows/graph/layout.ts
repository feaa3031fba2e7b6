import type { GraphNode } from './graph.ts';

/** A point of the layout; the unit is a box with the room around it. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  /** The place of each step, in their order. */
  readonly places: readonly Point[];
  /** From a dependency to its dependent, with the points it goes through in between. */
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly points: readonly Point[];
  }[];
}

/** Points that long edges pass; beyond these, edges go straight. */
const mostBends = 20_000;
/** Passes over all layers, down and up, that bring neighbours close to each other. */
const sweeps = 8;

/** A step, or a bend of an edge, in its layer. */
interface Cell {
  readonly layer: number;
  readonly above: Cell[];
  readonly below: Cell[];
  x: number;
}

const cellIn = (layers: Cell[][], layer: number): Cell => {
  const row = (layers[layer] ??= []);
  const cell: Cell = { layer, above: [], below: [], x: row.length };
  row.push(cell);
  return cell;
};

const connect = (from: Cell, to: Cell): void => {
  from.below.push(to);
  to.above.push(from);
};

const middle = (cells: readonly Cell[]): number => {
  const sorted = cells.map(({ x }) => x).sort((one, other) => one - other);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
};

/** Puts a row as near as it can be to where each cell wants to be, in that order, one unit apart. */
const settle = (row: Cell[], towards: 'above' | 'below'): void => {
  const wanted = new Map(
    row.map((cell) => [
      cell,
      cell[towards].length > 0 ? middle(cell[towards]) : cell.x,
    ]),
  );
  row.sort((one, other) => wanted.get(one)! - wanted.get(other)!);
  // Cells that want the same place share it: groups that touch become one, around their mean.
  const groups: { cells: Cell[]; start: number }[] = [];
  for (const cell of row) {
    let group = { cells: [cell], start: wanted.get(cell)! };
    for (
      let last = groups.at(-1);
      last && last.start + last.cells.length > group.start;
      last = groups.at(-1)
    ) {
      groups.pop();
      const size = last.cells.length;
      const start =
        (last.start * size + (group.start - size) * group.cells.length) /
        (size + group.cells.length);
      group = { cells: [...last.cells, ...group.cells], start };
    }
    groups.push(group);
  }
  for (const { cells, start } of groups)
    for (const [index, cell] of cells.entries()) cell.x = start + index;
};

/**
 * Layers from top to bottom: each step below all that it depends on, near to them, and edges that pass a layer
 * around its steps. (Sugiyama's method, with medians.)
 */
export const layoutOf = (nodes: readonly GraphNode[]): Layout => {
  const layers: Cell[][] = [];
  const cells = new Map<string, Cell>();
  let bends = 0;
  const routes = nodes.flatMap(({ name, deps }) => {
    const known = deps.filter((dep) => cells.has(dep));
    const layer =
      Math.max(-1, ...known.map((dep) => cells.get(dep)!.layer)) + 1;
    const to = cellIn(layers, layer);
    cells.set(name, to);
    return known.map((dep) => {
      const from = cells.get(dep)!;
      const between = layer - from.layer - 1;
      const through: Cell[] = [];
      if (bends + between <= mostBends) {
        bends += between;
        for (let passed = from.layer + 1; passed < layer; passed++)
          through.push(cellIn(layers, passed));
      }
      const route = [from, ...through, to];
      for (const [index, cell] of route.slice(1).entries())
        connect(route[index]!, cell);
      return { from: dep, to: name, route };
    });
  });
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const row of layers) settle(row, 'above');
    for (const row of layers.toReversed()) settle(row, 'below');
  }
  const leftmost = layers
    .flat()
    .reduce((least, { x }) => Math.min(least, x), Infinity);
  const pointOf = ({ x, layer }: Cell): Point => ({
    x: x - leftmost,
    y: layer,
  });
  return {
    places: nodes.map(({ name }) => pointOf(cells.get(name)!)),
    edges: routes.map(({ from, to, route }) => ({
      from,
      to,
      points: route.map(pointOf),
    })),
  };
};
