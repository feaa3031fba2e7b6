import type { TracedNode } from './graph.ts';
import type { Attempt } from './node.ts';
import type { Trace } from './trace.ts';

const milliseconds = (value: number): string =>
  value < 10_000
    ? `${Math.round(value)} ms`
    : `${(value / 1_000).toFixed(1)} s`;

const attemptLine = ({
  startedAt,
  finishedAt,
  waited,
  outcome,
  error,
  number,
  why,
}: Attempt): string =>
  [
    startedAt.toISOString(),
    why === 'first' ? '' : why,
    `delivery ${number}`,
    waited === undefined ? '' : `waited ${milliseconds(waited)}`,
    `ran ${milliseconds(finishedAt.getTime() - startedAt.getTime())}`,
    outcome,
    error ?? '',
  ]
    .filter((part) => part !== '')
    .join(', ');

const nodeLines = (node: TracedNode, isFound: boolean): string[] => {
  const indent = '  '.repeat(node.depth);
  const facts = Object.entries(node.facts ?? {})
    .filter(([name]) => name !== 'table' && name !== 'key')
    .map(([name, value]) => `${name} ${value}`);
  const head = [
    `${node.kind} ${node.title}`,
    ...(node.state === undefined ? [] : [node.state]),
    ...(node.summary === undefined ? [] : [node.summary]),
    ...facts,
  ].join(' · ');
  const gap =
    node.gap === undefined ? '' : `+${milliseconds(node.gap)} `.padEnd(10);
  const attempts = node.attempts ?? [];
  const isPlain =
    attempts.length === 1 &&
    attempts[0]!.why === 'first' &&
    !attempts[0]!.error;
  return [
    `${indent}${isFound ? '▶ ' : ''}${gap}${head}`,
    `${indent}    ${node.at ? node.at.toISOString() : 'time not known'}  ${node.key}`,
    ...(isPlain
      ? []
      : attempts.map((each) => `${indent}    - ${attemptLine(each)}`)),
  ];
};

/** A trace as lines: each thing below what it follows from, `+` the time since that. */
export const traceText = ({ found, nodes, truncated, total }: Trace): string =>
  [
    ...nodes.flatMap((node) => nodeLines(node, found.includes(node.id))),
    '',
    `${nodes.length} things within ${milliseconds(total)}`,
    ...(truncated ? ['there is more: ask from one of these on'] : []),
  ].join('\n');
