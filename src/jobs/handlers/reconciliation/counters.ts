import type { JobSchema } from '../../declarations.ts';

export type CounterName = JobSchema['reconcile-counters']['counter'];

/** A column that repeats what its source says, so that reading it is cheap. */
export interface Counter {
  /** Quoted where SQL needs it. */
  readonly table: 'post' | 'comment' | '"user"';
  readonly column: 'upvotes' | 'comments' | 'reputation';
  /** What the column must be, for the row `counted`. */
  readonly source: string;
}

const upvotesOf = (table: 'post' | 'comment'): Counter => ({
  table,
  column: 'upvotes',
  source: `(select count(*) from ${table}_vote where ${table}_id = counted.id and vote = 1)`,
});

/** Every counter that is kept beside its source; the same counting as in what writes it. */
export const counters: Readonly<Record<CounterName, Counter>> = {
  'post-upvotes': upvotesOf('post'),
  'post-comments': {
    table: 'post',
    column: 'comments',
    source: '(select count(*) from comment where post_id = counted.id)',
  },
  'comment-upvotes': upvotesOf('comment'),
  'user-reputation': {
    table: '"user"',
    column: 'reputation',
    // Everybody begins with ten; the column's default says so, too.
    source:
      '(select 10 + coalesce(sum(amount), 0) from reputation_event where grant_to_id = counted.id)',
  },
};
