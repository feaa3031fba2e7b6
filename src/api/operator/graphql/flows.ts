import { z } from 'zod';

import { redact } from '../../../dead-letters/redact.ts';
import {
  cancelFlow,
  describeRun,
  type FlowOf,
  type FlowRun,
  graphOfRun,
  listFlowRuns,
  pauseFlow,
  payloadExample,
  resumeFlow,
  retryFlow,
  signalAsOperator,
} from '../../../flows/index.ts';
import { layoutOf } from '../../../flows/graph/layout.ts';
import { notFound } from '../../errors.ts';
import { maximumPageSize, parseInput } from '../../input.ts';
import { cut } from '../../pages.ts';
import { idParameters, reason } from '../input.ts';
import type { OperatorMutation, OperatorQuery } from './fields.ts';

export interface FlowsDependencies {
  /** The flow of a run, so that what a signal carries is checked. @default none: signals are refused */
  readonly flowOf?: FlowOf | undefined;
}

/** Of a process that knows no flows. */
const unknownFlow: FlowOf = () => undefined;

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

export const flowQueries = ({
  flowOf = unknownFlow,
}: FlowsDependencies): Readonly<Record<string, OperatorQuery>> => ({
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
      const flow = await flowOf(found.run.flow, found.run.version);
      const { places, edges } = layoutOf(graphOfRun(found).nodes);
      return {
        run: shown(found.run),
        progress: found.progress,
        steps: found.steps.map(({ tasks, ...step }, index) => ({
          ...step,
          ...tasks,
          ...places[index],
          signalExample: flow && payloadExample(flow, step.name),
        })),
        edges,
        timeline: found.timeline.map((entry) => ({
          ...entry,
          detail: redact(entry.detail),
        })),
      };
    },
  ],
});

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
  flowOf = unknownFlow,
}: FlowsDependencies): Readonly<Record<string, OperatorMutation>> => ({
  cancelFlow: controlled(cancelFlow),
  pauseFlow: controlled(pauseFlow),
  resumeFlow: controlled(resumeFlow),
  retryFlow: controlled(retryFlow),
  signalFlow: [
    'flows',
    async (args, actor, { con }) => {
      const { id, step, payload, reason } = parseInput(signalInput, args);
      return signalAsOperator(
        con.manager,
        { run: id, step, payload },
        { actor, reason },
        flowOf,
      );
    },
  ],
});
