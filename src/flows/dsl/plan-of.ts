import { createHash } from 'node:crypto';

import type { Plan } from '../plan.ts';
import type { AnyFlow } from './definition.ts';

const plans = new WeakMap<AnyFlow, Plan>();

/** The plan of a flow as it is written now. */
export const planOf = (flow: AnyFlow): Plan => {
  let plan = plans.get(flow);
  if (!plan) {
    const { name, version } = flow;
    const steps = flow.steps.map(({ planned }) => planned);
    const id = createHash('sha256')
      .update(JSON.stringify([name, version, steps]))
      .digest('hex')
      .slice(0, 32);
    plan = { id, flow: name, version, steps };
    plans.set(flow, plan);
  }
  return plan;
};
