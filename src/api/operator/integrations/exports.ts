import type { EntityManager } from 'typeorm';

import type { ExportState } from '../../../entity/index.ts';
import { type PageOf, readList } from './list.ts';

/** A file that a person asked for. No link to it: that is its owner's. */
export interface ListedExport {
  readonly id: string;
  /** Null once the person is gone. */
  readonly userId: string | null;
  readonly kind: string;
  readonly format: string;
  readonly state: ExportState;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly error: string | null;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
  /** When retention deletes it with its file. */
  readonly expiresAt: Date;
}

/** `$1` is after how many days retention deletes. */
const columns = `
  entry.id, entry.user_id as "userId", entry.kind, entry.format, entry.state, entry.rows,
  entry.bytes::float8 as bytes, entry.error, entry.requested_at as "requestedAt",
  entry.finished_at as "finishedAt", entry.requested_at + $1 * interval '1 day' as "expiresAt"`;

export interface ExportFilter extends PageOf {
  readonly state?: ExportState | undefined;
}

/** Exports, the newest first. @param days after which they are deleted */
export const listExports = (
  manager: EntityManager,
  days: number,
  { state, ...page }: ExportFilter,
): Promise<ListedExport[]> =>
  readList<ListedExport>(
    manager,
    {
      columns,
      from: 'export entry',
      // The planner finds an index of its own by the word, not by a parameter.
      where: state ? [`entry.state = '${state}'`] : [],
      parameters: [days],
    },
    page,
  );
