/** Every captured table of `api.changes` has a handler, of that table's rows. Compiled, never run. */
import type { TableOf } from '../../src/cdc/tables.ts';
import type { Comment } from '../../src/entity/index.ts';
import { isChanged, type RowChange } from '../../src/workers/cdc/handler.ts';
import { changeHandlers } from '../../src/workers/cdc/index.ts';
import type { ChangeHandlers } from '../../src/workers/cdc/handlers.ts';
import type { RowOf } from '../../src/workers/cdc/row.ts';

type Handlers = ChangeHandlers<TableOf<'api.changes'>>;

changeHandlers satisfies Handlers;

// @ts-expect-error: captured, but not handled
changeHandlers satisfies ChangeHandlers<TableOf<'api.changes'> | 'source'>;

const notCaptured: Handlers = {
  ...changeHandlers,
  // @ts-expect-error: handled, but not captured
  source: async () => undefined,
};

const ofAnotherTable: Handlers = {
  ...changeHandlers,
  // @ts-expect-error: a handler of another table's rows
  post_vote: changeHandlers.user,
};

// Rows have the columns as they are named in Postgres, and times as text.
type Row = RowOf<Comment>;
declare const row: Row;
row satisfies { content_html: string; parent_id: string | null };
row.created_at satisfies string;
// @ts-expect-error: a property of the entity, not a column
void row.contentHtml;

declare const change: RowChange<Row>;
isChanged(change, 'content', 'content_html') satisfies boolean;
// @ts-expect-error: no column of that table
isChanged(change, 'title');
// @ts-expect-error: no column at all
isChanged(change);

export const unused = [notCaptured, ofAnotherTable];
