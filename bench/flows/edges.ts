import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource } from 'typeorm';

import { type AnyFlow, startAnyFlow } from '../../src/flows/index.ts';
import { chain, diamond, type Moment, moments } from './flows.ts';

/** Seconds after which a run is given up, at least. */
const limit = 30;

/** Milliseconds from the end of each dependency's handler, the last one's, to the begin of a step's. */
export const edgesOf = (
  steps: readonly { readonly name: string; readonly deps: readonly string[] }[],
  run: readonly Moment[],
): number[] => {
  const byStep = new Map(run.map((moment) => [moment.step, moment]));
  return steps
    .filter(({ deps }) => deps.length > 0)
    .map(({ name, deps }) => {
      const ends = deps.map((dep) => byStep.get(dep)?.ended ?? NaN);
      return (byStep.get(name)?.begun ?? NaN) - Math.max(...ends);
    });
};

const runOnce = async (con: DataSource, flow: AnyFlow): Promise<number[]> => {
  moments.length = 0;
  const { manager } = con;
  await startAnyFlow(flow, null, { manager });
  // A look disturbs nobody: it is at memory.
  for (let look = 0; moments.length < flow.steps.length; look++) {
    if (look > limit * 1_000)
      throw new Error(`expected a run of ${flow.name} to end in ${limit} s`);
    await delay(1);
  }
  return edgesOf(
    flow.steps.map(({ planned }) => planned),
    moments,
  );
};

/** Runs flows one after the other, with a pause in between, so that nothing waits but for its edge. */
export const measureEdges = async (
  con: DataSource,
  kind: 'chain' | 'diamond',
  runs: number,
): Promise<number[]> => {
  const flow: AnyFlow = kind === 'chain' ? chain : diamond;
  const edges: number[] = [];
  for (let warmUp = 0; warmUp < 10; warmUp++) await runOnce(con, flow);
  for (let run = 0; run < runs; run++) {
    edges.push(...(await runOnce(con, flow)));
    await delay(20);
  }
  return edges;
};
