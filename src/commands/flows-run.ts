import { InvalidArgumentError } from 'commander';
import { validate } from 'uuid';

import { flows } from '../flows/definitions/index.ts';
import {
  type AnyFlow,
  describeRun,
  flowNamed,
  type RunDescription,
  UnknownFlowError,
  UnknownRunError,
} from '../flows/index.ts';
import createOrGetConnection from '../db.ts';

/** An argument that names a run. */
export const runId = (given: string): string => {
  if (validate(given)) return given.toLowerCase();
  throw new InvalidArgumentError(
    'expected the id of a run; nightshift flows list shows them',
  );
};

/** @throws UnknownFlowError */
export const registeredFlow = (name: string): AnyFlow => {
  const flow = flowNamed(flows, name);
  if (flow) return flow;
  // Of one name there may be several versions.
  throw new UnknownFlowError(name, [
    ...new Set(flows.map((each) => each.name)),
  ]);
};

/** @throws UnknownRunError */
export const describedRun = async (id: string): Promise<RunDescription> => {
  const { manager } = await createOrGetConnection();
  const found = await describeRun(manager, id);
  if (!found) throw new UnknownRunError(id);
  return found;
};
