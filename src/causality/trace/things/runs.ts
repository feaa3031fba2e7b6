import { type Item, nodeId } from '../node.ts';
import type { Reader } from '../reader.ts';
import { either, ofCause, ofId, optional } from './by-index.ts';

interface RunRow {
  readonly id: string;
  readonly flow: string;
  readonly key: string;
  readonly state: string;
  readonly reason: string | null;
  readonly cause: string | null;
  readonly parent_run: string | null;
  readonly parent_step: string | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const runsSql = either(
  'select id, flow, key, state, reason, cause, parent_run, parent_step, created_at, ended_at from flow_run',
  ofId,
  `${ofCause} and parent_run is null`,
  'parent_run = any($1::uuid[])',
);

const runItem = (row: RunRow): Item => ({
  node: {
    id: nodeId('run', row.id),
    kind: 'run',
    key: row.id,
    title: row.flow,
    at: row.created_at,
    until: optional(row.ended_at),
    state: row.state,
  },
  ...(row.parent_run !== null
    ? { parent: nodeId('step', `${row.parent_run}:${row.parent_step}`) }
    : { cause: optional(row.cause) }),
  made: { name: `flow ${row.flow}`, key: row.key },
});

/** By their own ids, and by what caused them. */
export const runs = async (
  reader: Reader,
  ids: readonly string[],
  causes: readonly string[],
): Promise<Item[]> =>
  (await reader.rows<RunRow>(runsSql, [ids, causes])).map(runItem);
