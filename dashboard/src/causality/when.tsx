import type { Node } from './document.ts';

/** From the first moment to the last, in milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const spanOf = (nodes: readonly Node[]): Span => {
  const times = nodes.flatMap(({ at, until }) =>
    [at, until].flatMap((time) => (time === null ? [] : [Date.parse(time)])),
  );
  return times.length === 0
    ? { from: 0, to: 1 }
    : { from: Math.min(...times), to: Math.max(...times) };
};

const width = 200;
const height = 14;
/** What took less is still to be seen. */
const least = 2.5;

const clock = new Intl.DateTimeFormat('en-GB', {
  timeStyle: 'medium',
});
const full = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
});

const millisecondsOf = (at: string): string =>
  String(new Date(at).getMilliseconds()).padStart(3, '0');

/** When something was, and how long it took: its place between the first moment and the last. */
export const When = ({
  node: { at, until, attempts, kind },
  span,
}: {
  readonly node: Node;
  readonly span: Span;
}) => {
  if (at === null) return <span className="when quiet">not known</span>;
  const place = (time: number): number =>
    ((time - span.from) / Math.max(1, span.to - span.from)) * (width - least);
  const bars =
    attempts.length > 0
      ? attempts.map(({ startedAt, finishedAt, outcome }) => ({
          from: Date.parse(startedAt),
          to: Date.parse(finishedAt),
          outcome,
        }))
      : [
          {
            from: Date.parse(at),
            to: Date.parse(until ?? at),
            outcome: kind,
          },
        ];
  return (
    <span className="when">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <line x1="0" x2={width} y1={height / 2} y2={height / 2} />
        {bars.map(({ from, to, outcome }, index) => (
          <rect
            key={index}
            className={outcome}
            x={place(from)}
            width={Math.max(least, place(to) - place(from))}
            y="3"
            height={height - 6}
          />
        ))}
      </svg>
      <time dateTime={at} title={full.format(new Date(at))}>
        {clock.format(new Date(at))}
        <span className="quiet">.{millisecondsOf(at)}</span>
      </time>
    </span>
  );
};
