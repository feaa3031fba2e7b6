import type { Node } from './document.ts';

/** Width of a level, and where the middle of the first line of a row is. */
const level = 16;
const middle = 15;
/** Deeper ones stand where this one does: a phone has no room for more. */
const deepest = 12;

interface Drawn {
  readonly depth: number;
  /** Levels whose line goes on below this row. */
  readonly through: readonly number[];
  /** Its own line from its parent ends here. */
  readonly isLast: boolean;
  /** Something follows from it. */
  readonly hasBelow: boolean;
}

/** For each node the lines that lead past it, to it and from it. */
export const linesOf = (
  nodes: readonly Node[],
): { readonly node: Node; readonly lines: Drawn }[] => {
  // From the end: at each level, whether a row below is on it before one that is less deep.
  const open = new Set<number>();
  const drawn = nodes.toReversed().map((node, index, reversed) => {
    const { depth } = node;
    const below = reversed[index - 1];
    for (const each of open) if (each > depth) open.delete(each);
    const isLast = !open.has(depth);
    const through = [...open].filter((each) => each < depth && each > 0);
    open.add(depth);
    const hasBelow = below !== undefined && below.depth > depth;
    return { node, lines: { depth, through, isLast, hasBelow } };
  });
  return drawn.reverse();
};

const xOf = (depth: number): number =>
  Math.min(depth, deepest) * level + level / 2;

/** The lines of a row, from what it follows from to what follows from it. */
export const Lines = ({
  depth,
  through,
  isLast,
  hasBelow,
  kind,
}: Drawn & { readonly kind: string }) => {
  const x = xOf(depth);
  const above = xOf(depth - 1);
  const isDeep = depth > deepest;
  return (
    <svg
      className="lines"
      width={xOf(depth) + level / 2}
      height="100%"
      aria-hidden="true"
    >
      {through.map((each) => (
        <line
          key={each}
          x1={xOf(each - 1)}
          x2={xOf(each - 1)}
          y1="0"
          y2="100%"
        />
      ))}
      {depth > 0 && !isDeep && (
        <>
          <line x1={above} x2={above} y1="0" y2={isLast ? middle : '100%'} />
          <line x1={above} x2={x} y1={middle} y2={middle} />
        </>
      )}
      {hasBelow && <line x1={x} x2={x} y1={middle} y2="100%" />}
      <circle className={kind} cx={x} cy={middle} r="4" />
    </svg>
  );
};
