import { Command } from 'commander';

import { closeConnection } from '../db.ts';
import {
  type FlowRun,
  type RunDescription,
  type StepDescription,
  type TimelineEntry,
} from '../flows/index.ts';
import { count } from './dead-letters-filter.ts';
import { describedRun, runId } from './flows-run.ts';
import { type Column, table } from './table.ts';

interface ShowOptions {
  readonly timeline: number;
  readonly json?: true;
}

/** Characters of a reason in a line; --json has all of it. */
const longestWhy = 160;

const moment = (date: Date | undefined): string => date?.toISOString() ?? '-';

const took = ({ startedAt, endedAt }: StepDescription): string =>
  startedAt && endedAt
    ? `${(endedAt.getTime() - startedAt.getTime()) / 1_000} s`
    : '-';

const columns: readonly Column<StepDescription>[] = [
  ['STEP', ({ name }) => name],
  ['KIND', ({ kind }) => kind],
  ['STATE', ({ state }) => state],
  ['TASKS', ({ tasks }) => `${tasks.done}/${tasks.total}`],
  ['TOOK', took],
  [
    'WHY',
    ({ why }) => {
      const line = (why ?? '').replace(/\s+/g, ' ');
      return line.length > longestWhy
        ? `${line.slice(0, longestWhy - 1)}…`
        : line;
    },
  ],
];

const headOf = (run: FlowRun, progress: number): string =>
  (
    [
      ['run', run.id],
      ['flow', `${run.flow}, version ${run.version}`],
      [
        'state',
        `${run.state}${run.reason === undefined ? '' : `: ${run.reason}`}`,
      ],
      [
        'progress',
        `${Math.floor(progress * 100)} %, ${run.done} of ${run.steps} steps`,
      ],
      ['key', run.key],
      ['cause', run.cause ?? '-'],
      ['trace', run.traceparent ?? '-'],
      ...(run.parent
        ? [['parent', `${run.parent.run}, step ${run.parent.step}`] as const]
        : []),
      ['created', moment(run.createdAt)],
      ['ended', moment(run.endedAt)],
    ] as const
  )
    .map(([name, value]) => `${name.padEnd(10)}${value}`)
    .join('\n');

const timelineColumns: readonly Column<TimelineEntry>[] = [
  ['AT', ({ at }) => at.toISOString()],
  ['WHAT', ({ type }) => type],
  ['STEP', ({ step, index }) => `${step ?? ''}${index ? ` ${index}` : ''}`],
  [
    'DETAIL',
    ({ detail }) =>
      detail === undefined
        ? ''
        : Object.entries(detail)
            .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
            .join(' ')
            .slice(0, longestWhy),
  ],
];

const describe = (
  { run, steps, progress, timeline }: RunDescription,
  limit: number,
): string => {
  const shown = timeline.slice(-limit);
  return [
    headOf(run, progress),
    '',
    table(columns, steps),
    '',
    ...(shown.length < timeline.length
      ? [`the newest ${shown.length} of ${timeline.length}; --timeline`]
      : []),
    table(timelineColumns, shown),
  ].join('\n');
};

const show = async (
  id: string,
  { json, timeline }: ShowOptions,
): Promise<void> => {
  try {
    const found = await describedRun(id);
    console.log(json ? JSON.stringify(found) : describe(found, timeline));
  } finally {
    await closeConnection();
  }
};

/** `nightshift flows show` */
export const showCommand = (): Command =>
  new Command('show')
    .description(
      'show how far a run is, why each unfinished step waits, and what happened',
    )
    .argument('<run>', 'an id that list shows', runId)
    .option('--timeline <count>', 'newest events to show', count(1_000), 50)
    .option('--json', 'print everything as one line of JSON')
    .action(show);
