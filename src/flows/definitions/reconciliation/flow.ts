import {
  differencesIn,
  repair as repairRows,
} from '../../../jobs/handlers/reconciliation/chunk.ts';
import { counters } from '../../../jobs/handlers/reconciliation/counters.ts';
import {
  keepDifferences,
  finishReport,
  openReport,
} from '../../../jobs/handlers/reconciliation/report.ts';
import { jobs, type JobSchema } from '../../../jobs/declarations.ts';
import { Flow } from '../../dsl/flow.ts';
import { partsOf, rowsIn } from './chunks.ts';
import { tellOperators } from './notify.ts';

type Input = JobSchema['reconcile-counters'];

/** What a reconciliation found; its differences are in `reconciliation_difference`. */
export interface Totals {
  readonly checked: number;
  readonly differing: number;
  readonly repaired: number;
}

const queue = 'reconciliation';

/**
 * Compares a denormalised counter with its source over its whole table, many parts at once, and reports the rows that
 * differ; with `repair` it sets them right. Operators are told of what differs and was not. The report has the run's id.
 */
export const reconciliation = new Flow<Input>('reconciliation', {
  input: jobs['reconcile-counters'].payload,
})
  .step(
    'load',
    { queue, transactional: true },
    async ({ input: { counter, repair }, manager, task }) => {
      await openReport(manager, task.runId, counter, repair);
      return partsOf(manager, counters[counter]);
    },
  )
  .map(
    'compare',
    {
      queue,
      dependsOn: ['load'],
      transactional: true,
      items: ({ outputs }) => outputs.load,
    },
    async ({ input: { counter: name, repair }, item, manager, task }) => {
      const counter = counters[name];
      const checked = await rowsIn(manager, counter, item);
      const found = await differencesIn(manager, counter, item);
      const differences =
        repair && found.length > 0
          ? await repairRows(
              manager,
              counter,
              found.map(({ id }) => id),
            )
          : found;
      await keepDifferences(manager, task.runId, differences, repair);
      return {
        checked,
        differing: differences.length,
        repaired: repair ? differences.length : 0,
      };
    },
  )
  .step('reduce', { queue, dependsOn: ['compare'] }, ({ outputs }): Totals =>
    outputs.compare.reduce<Totals>(
      (sum, part) => ({
        checked: sum.checked + part.checked,
        differing: sum.differing + part.differing,
        repaired: sum.repaired + part.repaired,
      }),
      { checked: 0, differing: 0, repaired: 0 },
    ),
  )
  .step(
    'report',
    { queue, dependsOn: ['reduce'], transactional: true },
    async ({ outputs, manager, task }) => {
      await finishReport(manager, task.runId, outputs.reduce);
      return { reportId: task.runId, ...outputs.reduce };
    },
  )
  .step(
    'notify',
    {
      queue,
      dependsOn: ['report'],
      when: ({ outputs: { report } }) => report.differing > report.repaired,
    },
    async ({ input, outputs: { report }, task, logger, signal }) => ({
      told: await tellOperators(
        `${input.counter}: ${report.differing} of ${report.checked} rows differ from their source, ` +
          `${report.repaired} were set right; report ${report.reportId}`,
        { key: task.key, logger, signal },
      ),
    }),
  );
