import type { TableOf } from '../../cdc/tables.ts';
import { PermanentError, type Worker } from '../worker.ts';
import type { ChangeHandler } from './handler.ts';
import { commentChanged } from './comment.ts';
import { commentVoteChanged } from './commentVote.ts';
import type { ChangeHandlers } from './handlers.ts';
import { rowChangeOf } from './message.ts';
import { postChanged } from './post.ts';
import { postVoteChanged } from './postVote.ts';
import { userChanged } from './user.ts';

/** A handler for every captured table that is routed to `api.changes`: no more and no fewer. */
export const changeHandlers: ChangeHandlers<TableOf<'api.changes'>> = {
  user: userChanged,
  post: postChanged,
  comment: commentChanged,
  post_vote: postVoteChanged,
  comment_vote: commentVoteChanged,
};

/** A row of a table that nothing here handles: the streamer is newer than this process, or misrouted. */
export class UnhandledTableError extends PermanentError {
  override readonly name = 'UnhandledTableError';

  constructor(readonly table: string) {
    super(
      `expected a row of ${Object.keys(changeHandlers).join(', ')}, got one of ${table}; ` +
        'add its handler in src/workers/cdc/index.ts and redrive the dead letter',
    );
  }
}

const handlerOf = (table: string): ChangeHandler<unknown> => {
  if (!Object.hasOwn(changeHandlers, table))
    throw new UnhandledTableError(table);
  // The rows of a table are what its handler takes, which the type of the registry cannot tell here.
  return changeHandlers[
    table as keyof typeof changeHandlers
  ] as ChangeHandler<unknown>;
};

const worker: Worker = {
  subscription: 'api-cdc',
  maxMessages: 20,
  handler: async (message, con, logger) => {
    const change = rowChangeOf<unknown>(message);
    if (!change) return;
    await handlerOf(change.table)(change, con, logger);
  },
};

export default worker;
