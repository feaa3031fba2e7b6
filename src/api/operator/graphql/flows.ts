import { z } from 'zod';

import { redact } from '../../../dead-letters/redact.ts';
import { newOperation, recordAction } from '../../../dead-letters/audit.ts';
import {
  type AnyFlow,
  cancelFlow,
  describeRun,
  type FlowRun,
  graphOfRun,
  listFlowRuns,
  pauseFlow,
  resumeFlow,
  retryFlow,
  signalFlow,
} from '../../../flows/index.ts';
import { layoutOf } from '../../../flows/graph/layout.ts';
import { notFound } from '../../errors.ts';
import { maximumPageSize, parseInput } from '../../input.ts';
import { cut } from '../../pages.ts';
import { idParameters, reason } from '../input.ts';
import type { OperatorMutation, OperatorQuery } from './fields.ts';

export interface FlowsDependencies {
  /** The flow of a name, so that what a signal carries is checked. @default unchecked */
  readonly flowNamed?:
    ((name: string) => Promise<AnyFlow | undefined>) | undefined;
}

const listQuery = z.strictObject({
  flow: z.string().min(1).max(300).optional(),
  state: z
    .enum(['running', 'paused', 'completed', 'failed', 'cancelled'])
    .optional(),
  first: z.int().min(1).max(maximumPageSize),
  after: z.uuid().optional(),
});

const controlInput = z.strictObject({
  id: z.uuid(),
  reason: reason.optional(),
});

const json = z
  .string()
  .max(100_000)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'expected JSON' });
      return z.NEVER;
    }
  });

const signalInput = controlInput.extend({
  step: z.string().min(1).max(300),
  payload: json,
});

const shown = ({ parent, ...run }: FlowRun) => ({
  ...run,
  parentRun: parent?.run,
});

export const flowQueries: Readonly<Record<string, OperatorQuery>> = {
  flowRuns: [
    'read',
    async (args, { con }) => {
      const { first, after, ...filter } = parseInput(listQuery, args);
      const runs = await listFlowRuns(con.manager, {
        ...(filter.flow !== undefined && { flow: filter.flow }),
        ...(filter.state && { state: filter.state }),
        ...(after !== undefined && { before: after }),
        limit: first + 1,
      });
      return cut(runs.map(shown), first);
    },
  ],
  flowRun: [
    'read',
    async (args, { con }) => {
      const { id } = parseInput(idParameters, args);
      const found = await describeRun(con.manager, id);
      if (!found) throw notFound('run of a flow', id);
      const { places, edges } = layoutOf(graphOfRun(found).nodes);
      return {
        run: shown(found.run),
        progress: found.progress,
        steps: found.steps.map(({ tasks, ...step }, index) => ({
          ...step,
          ...tasks,
          ...places[index],
        })),
        edges,
        timeline: found.timeline.map((entry) => ({
          ...entry,
          detail: redact(entry.detail),
        })),
      };
    },
  ],
};

type Control = typeof cancelFlow;

const controlled = (act: Control): OperatorMutation => [
  'flows',
  async (args, actor, { con }) => {
    const { id, reason } = parseInput(controlInput, args);
    await act(con.manager, id, { actor, reason });
    return true;
  },
];

export const flowMutations = ({
  flowNamed,
}: FlowsDependencies): Readonly<Record<string, OperatorMutation>> => ({
  cancelFlow: controlled(cancelFlow),
  pauseFlow: controlled(pauseFlow),
  resumeFlow: controlled(resumeFlow),
  retryFlow: controlled(retryFlow),
  signalFlow: [
    'flows',
    async (args, actor, { con }) => {
      const { id, step, payload, reason } = parseInput(signalInput, args);
      const found = await describeRun(con.manager, id);
      if (!found) throw notFound('run of a flow', id);
      const flow = await flowNamed?.(found.run.flow);
      return con.transaction(async (manager) => {
        const sent = await signalFlow(manager, id, step, payload, { flow });
        await recordAction(manager, {
          operation: newOperation(),
          action: 'flows.signal',
          actor,
          reason,
          filter: { run: id, step },
          counts: { sent: sent ? 1 : 0 },
        });
        return sent;
      });
    },
  ],
});
