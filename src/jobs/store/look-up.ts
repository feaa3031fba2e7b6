/**
 * A condition that is true of every fence, for statements that join what they are given (an array, JSON) with a table.
 *
 * Of given rows the planner knows nothing: it takes them for a hundred, and reads all of a table rather than look a
 * hundred up, because the table was small when the connection planned the statement. That plan is kept while the table
 * grows. With this condition it takes them for one row, and looks up each by its key.
 */
export const lookUp = (fence: string): string =>
  `${fence} between 0 and 2147483647`;
