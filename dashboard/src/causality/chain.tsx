import { duration, plural } from '../parts/format.ts';
import { State } from '../parts/state.tsx';
import { Link } from '../router.tsx';
import { Attempts } from './attempts.tsx';
import { causalityPath, type Node, type Trace } from './document.ts';
import { Lines, linesOf } from './lines.tsx';
import { spanOf, When } from './when.tsx';

const kinds: Readonly<Record<string, string>> = {
  commit: 'commit',
  'row-change': 'row change',
  event: 'event',
  delivery: 'delivery',
  job: 'job',
  run: 'flow',
  step: 'step',
  notification: 'notification',
  message: 'message',
  webhook: 'webhook',
  unknown: 'not known',
};

/** The screen of a thing, where it has one. */
const screenOf = ({ kind, key }: Node): string | undefined => {
  if (kind === 'job') return `/jobs/${key}`;
  if (kind === 'run') return `/flows/${key}`;
  if (kind === 'step') return `/flows/${key.split(':')[0] ?? ''}`;
  return undefined;
};

/** What only the tooltip and the row itself need not repeat. */
const shownFacts = ({ facts }: Node): string =>
  facts
    .filter(({ name }) => name !== 'table' && name !== 'key')
    .map(({ name, value }) => `${name} ${value}`)
    .join(' · ');

const isPlain = ({ attempts }: Node): boolean =>
  attempts.length === 1 &&
  attempts[0]?.why === 'first' &&
  attempts[0].outcome === 'ack';

const Name = ({ node }: { readonly node: Node }) => {
  const factOf = (name: string) =>
    node.facts.find((fact) => fact.name === name)?.value;
  const key = factOf('key');
  return key === undefined ? (
    <b>{node.title}</b>
  ) : (
    <>
      <b>{factOf('table')}</b> <span className="id">{key}</span>
    </>
  );
};

const Title = ({ node }: { readonly node: Node }) => {
  const screen = screenOf(node);
  return (
    <span className="title">
      <span className="kind">{kinds[node.kind] ?? node.kind}</span>{' '}
      {screen === undefined ? (
        <Name node={node} />
      ) : (
        <Link to={screen} className="break">
          {node.title}
        </Link>
      )}{' '}
      {node.state !== null && <State is={node.state} />}
    </span>
  );
};

const Below = ({
  node,
  isFound,
}: {
  readonly node: Node;
  readonly isFound: boolean;
}) => {
  const facts = shownFacts(node);
  const [attempt] = node.attempts;
  const ran =
    isPlain(node) && attempt
      ? `waited ${duration((attempt.waited ?? 0) / 1_000)}, ran ${duration(
          (Date.parse(attempt.finishedAt) - Date.parse(attempt.startedAt)) /
            1_000,
        )}`
      : '';
  const text = [node.summary ?? '', ran, facts].filter((part) => part !== '');
  return (
    <span className="below quiet">
      {text.map((part, index) => (
        <span key={part}>
          {index > 0 && ' · '}
          {part}
        </span>
      ))}
      {node.deadLetter !== null && (
        <>
          {text.length > 0 && ' · '}
          <Link className="underlined" to={`/dead-letters/${node.deadLetter}`}>
            its dead letter
          </Link>
        </>
      )}
      {!isFound && node.kind !== 'commit' && node.kind !== 'delivery' && (
        <>
          {(text.length > 0 || node.deadLetter !== null) && ' · '}
          <Link className="underlined" to={causalityPath(node.key)}>
            all from here
            <span className="visually-hidden">: {node.title}</span>
          </Link>
        </>
      )}
    </span>
  );
};

const gapText = (gap: number | null): string =>
  gap === null ? '' : gap < 1 ? '< 1 ms' : `+${duration(gap / 1_000)}`;

/** What it comes to, in a line. */
export const verdictOf = ({ nodes, total }: Trace): string => {
  const of = (kind: string) => nodes.filter((node) => node.kind === kind);
  const told = [
    [of('notification').length, 'notification'],
    [of('message').length, 'message'],
    [of('job').length, 'job'],
    [of('run').length, 'flow'],
  ] as const;
  const effects = told
    .filter(([count]) => count > 0)
    .map(([count, name]) => plural(count, name))
    .join(', ');
  const deliveries = of('delivery');
  const troubled = deliveries.filter(({ state }) => state === 'dead-letter');
  return [
    `${duration(total / 1_000)} from the first moment to the last`,
    plural(deliveries.length, 'delivery', 'deliveries'),
    ...(effects === '' ? [] : [effects]),
    ...(troubled.length > 0 ? [plural(troubled.length, 'dead letter')] : []),
  ].join(' · ');
};

/** Everything that followed from something, each below what it follows from, and when. */
export const Chain = ({ trace }: { readonly trace: Trace }) => {
  const { nodes, found } = trace;
  const span = spanOf(nodes);
  const titles = new Map(nodes.map(({ id, title }) => [id, title]));
  return (
    <ol className="causes" aria-label="What followed from what">
      {linesOf(nodes).map(({ node, lines }) => {
        const isFound = found.includes(node.id);
        return (
          <li
            key={node.id}
            className={isFound ? 'found' : undefined}
            aria-current={isFound ? 'true' : undefined}
          >
            <Lines {...lines} kind={node.kind} />
            <div className="what">
              <span className="visually-hidden">
                {node.parent === null
                  ? 'At the beginning: '
                  : `After ${titles.get(node.parent) ?? ''}: `}
              </span>
              <Title node={node} />
              <Below node={node} isFound={isFound} />
              {!isPlain(node) && node.attempts.length > 0 && (
                <Attempts of={node.title} attempts={node.attempts} />
              )}
              {node.also.length > 0 && (
                <span className="below quiet">
                  also follows from{' '}
                  {node.also.map((id) => titles.get(id) ?? id).join(', ')}
                </span>
              )}
            </div>
            <span className="gap number">{gapText(node.gap)}</span>
            <When node={node} span={span} />
          </li>
        );
      })}
    </ol>
  );
};
