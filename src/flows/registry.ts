import { declareJob } from '../jobs/declare.ts';
import type { JobRegistry } from '../jobs/registry.ts';
import { jobNameOf, taskRef } from './backend/job.ts';
import type { AnyFlow } from './dsl/definition.ts';
import { InvalidFlowError } from './dsl/check.ts';
import { settleDeadTasks } from './execution/dead-tasks.ts';
import { runFlowTask } from './execution/flow-worker.ts';
import { sweepFlows } from './sweep/sweep.ts';

/** The flows that a process knows; of one name, several versions. */
export type FlowRegistry = readonly AnyFlow[];

/** The latest version of a flow. @returns `undefined` if no flow has this name */
export const flowNamed = (
  flows: FlowRegistry,
  name: string,
): AnyFlow | undefined =>
  flows
    .filter((flow) => flow.name === name)
    .sort((one, other) => other.version - one.version)[0];

/** A flow in one version. @returns `undefined` if it is not registered */
export const flowOf = (
  flows: FlowRegistry,
  name: string,
  version: number,
): AnyFlow | undefined =>
  flows.find((flow) => flow.name === name && flow.version === version);

/** The flows whose tasks a registry runs, as `name@version`. */
export const flowsOf = ({ keepers = {} }: JobRegistry): string[] =>
  Object.keys(keepers).flatMap(
    (name) => /^flow (?<flow>.+)$/.exec(name)?.groups?.flow ?? [],
  );

/**
 * Adds flows to what a dispatcher runs. Each flow's tasks are jobs of their own name, so that a process that
 * does not know a flow, or a version of it, leaves them to others.
 *
 * @throws InvalidFlowError if two flows share name and version
 */
export const withFlows = (
  registry: JobRegistry,
  flows: FlowRegistry,
): JobRegistry => {
  const declarations = { ...registry.declarations };
  const keepers = { ...registry.keepers };
  for (const flow of flows) {
    const name = jobNameOf(flow.name, flow.version);
    if (Object.hasOwn(keepers, name))
      throw new InvalidFlowError(
        flow.name,
        `version ${flow.version} is registered twice`,
      );
    declarations[name] = declareJob(taskRef, { queue: 'flows' });
    keepers[name] = {
      run: (payload, context) =>
        runFlowTask(flow, taskRef.parse(payload), context),
      onDead: settleDeadTasks,
    };
  }
  return { ...registry, declarations, keepers, sweep: sweepFlows };
};
