import type { ClientBase } from 'pg';

import {
  PublicationMissingError,
  SlotLostError,
  SlotMismatchError,
  SlotMissingError,
  TableNotPublishedError,
} from './errors.ts';
import { requireSlot, runOn, readSlot, type SlotState } from './slot.ts';
import {
  type CapturedTable,
  capturedTables,
  outboxTable,
  publicationName,
  slotName,
} from './tables.ts';

/** What Postgres knows of the capture, whoever streams. */
export interface CaptureStatus {
  readonly slot: SlotState | undefined;
  readonly publication: string | undefined;
  readonly publishedTables: readonly string[];
  /** Declared, but not published. */
  readonly missingTables: readonly string[];
  /** What an operator has to mend, in words; empty if all is well. */
  readonly problems: readonly string[];
}

/** Reads the state of slot and publication. @throws the driver's error. */
export const readCaptureStatus = async (
  client: Pick<ClientBase, 'query'>,
  options: {
    readonly slot?: string;
    readonly publication?: string;
    readonly tables?: readonly CapturedTable[];
  } = {},
): Promise<CaptureStatus> => {
  const {
    slot = slotName,
    publication = publicationName,
    tables = capturedTables,
  } = options;
  const run = runOn(client);
  const problems: string[] = [];
  try {
    await requireSlot(run, slot);
  } catch (error) {
    if (!(
      error instanceof SlotMissingError ||
      error instanceof SlotLostError ||
      error instanceof SlotMismatchError
    ))
      throw error;
    problems.push(error.message);
  }
  const found = await run('select 1 from pg_publication where pubname = $1', [
    publication,
  ]);
  const published = await run<{ table: string }>(
    `select tablename as table from pg_publication_tables
     where pubname = $1 and schemaname = 'public' order by tablename`,
    [publication],
  );
  const publishedTables = published.map(({ table }) => table);
  const missingTables = [
    ...tables.map(({ table }) => table),
    outboxTable,
  ].filter((table) => !publishedTables.includes(table));
  if (found.length === 0)
    problems.push(new PublicationMissingError(publication).message);
  else
    for (const table of missingTables)
      problems.push(new TableNotPublishedError(publication, table).message);
  return {
    slot: await readSlot(run, slot),
    publication: found.length > 0 ? publication : undefined,
    publishedTables,
    missingTables,
    problems,
  };
};
