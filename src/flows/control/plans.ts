import type { EntityManager } from 'typeorm';

import type { Plan, PlannedStep } from '../plan.ts';

/** Plans kept in memory; there are as many as there are versions of flows with runs. */
const mostKept = 500;

const known = new Map<string, Plan>();

const keep = (plan: Plan): void => {
  if (known.size >= mostKept) known.delete(known.keys().next().value!);
  known.set(plan.id, plan);
};

/** Writes a plan down if no run had it before. One that is there is kept from retention until the run is, too. */
export const storePlan = async (
  manager: EntityManager,
  plan: Plan,
): Promise<void> => {
  await manager.query(
    `with there as materialized (
       select id from flow_plan where id = $1 for key share
     )
     insert into flow_plan (id, flow, version, steps)
     select $1, $2, $3, $4 where not exists (select from there)
     on conflict do nothing`,
    [plan.id, plan.flow, plan.version, JSON.stringify(plan.steps)],
  );
};

/** @returns `undefined` if it is not there, which retention prevents as long as a run has it. */
export const findPlan = async (
  manager: EntityManager,
  id: string,
): Promise<Plan | undefined> => {
  const there = known.get(id);
  if (there) return there;
  const [row] = await manager.query<
    { flow: string; version: number; steps: PlannedStep[] }[]
  >('select flow, version, steps from flow_plan where id = $1', [id]);
  if (!row) return undefined;
  const plan = { id, ...row };
  keep(plan);
  return plan;
};

/** @throws TypeError if it is not there */
export const loadPlan = async (
  manager: EntityManager,
  id: string,
): Promise<Plan> => {
  const plan = await findPlan(manager, id);
  if (!plan) throw new TypeError(`expected the plan ${id} in flow_plan`);
  return plan;
};
