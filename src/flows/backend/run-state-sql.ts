/**
 * The state of a run, for a condition on its tasks. Not a join: with one, the planner may look for all tasks of the run,
 * of which a map has thousands, where it was given the key of each.
 *
 * @param run an expression for its id
 */
export const runState = (run: string): string =>
  `select run.state from flow_run run where run.id = ${run}`;
