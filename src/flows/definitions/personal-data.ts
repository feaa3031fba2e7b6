import { jsonNames, namesUser, type Path } from '../../common/personal-data.ts';
import { jobNamesUser } from '../../jobs/personal-data.ts';

const nobody: readonly Path[] = [];

/**
 * Where runs of each flow name a user: `input`, or `outputs` and the name of a step. `nightshift forget` erases
 * runs that name the user at one of these paths; a new flow has to say here where it does, which a test holds.
 */
export const personalFlowPaths: Readonly<Record<string, readonly Path[]>> = {
  publication: [['outputs', 'load', 'authorId']],
  reconciliation: nobody,
  'user-data': [['input', 'userId']],
};

/** Whether a run of the flow names the user at one of its paths. @param run JSON of its input and outputs */
export const flowNamesUser = (
  flow: string,
  run: Buffer,
  user: string,
): boolean =>
  Object.hasOwn(personalFlowPaths, flow) &&
  jsonNames(run, personalFlowPaths[flow] ?? nobody, user);

/** Whether a payload of a topic, a job or a flow of this name names the user where those do. */
export const anyNamesUser = (
  name: string,
  payload: Buffer,
  user: string,
): boolean =>
  namesUser(name, payload, user) ||
  jobNamesUser(name, payload, user) ||
  flowNamesUser(name, payload, user);
