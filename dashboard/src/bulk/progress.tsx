import { count } from '../parts/format.ts';
import type { BulkAction } from './documents.ts';

/** How far an action is: a bar, and the same in words. */
export const Progress = ({
  action: { total, done, failed, skipped, left },
}: {
  readonly action: Pick<
    BulkAction,
    'total' | 'done' | 'failed' | 'skipped' | 'left'
  >;
}) => (
  <div className="stack" role="status">
    <progress max={total} value={total - left} aria-label="Touched so far" />
    <p>
      {count(done)} done, {count(failed)} failed, {count(skipped)} skipped,{' '}
      {count(left)} left of {count(total)}
    </p>
  </div>
);
