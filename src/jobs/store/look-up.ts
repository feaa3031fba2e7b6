/**
 * A condition that is true of every fence, for statements that join what they are given (an array, JSON) with a table.
 *
 * Of given rows the planner knows nothing: it takes them for a hundred, and reads all of a table rather than look a
 * hundred up, because the table was small when the connection planned the statement. That plan is kept while the table
 * grows. With this condition it takes them for one row, and looks up each by its key.
 */
export const lookUp = (fence: string): string =>
  `${fence} between 0 and 2147483647`;

/**
 * That a row of a table is the one that `given` names, for statements that look up what they are given by its key.
 *
 * With a plain `=` the planner may read the index of the key from one end to the other instead: of a table that was empty
 * when statistics were last taken it expects one row at most, so that both cost the same. With an array of one it can but
 * look up.
 */
export const sameKey = (
  table: string,
  given: string,
  ...columns: readonly string[]
): string =>
  columns
    .map((column) => `${table}.${column} = any(array[${given}.${column}])`)
    .join(' and ');

/**
 * That the job runs, for statements that look jobs up by their keys. It is written so that the planner does not see that
 * the index of running jobs would do as well, which holds an entry for each that ever ran since the last vacuum.
 */
export const isRunning = `coalesce(job.state = 'running', false)`;
