import { z } from 'zod';

import { config } from '../../../config.ts';
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
import { repairReported } from './repair.ts';
import { supersede } from './supersede.ts';

type Input = JobSchema['reconcile-counters'];

/** What a reconciliation found; its differences are in `reconciliation_difference`. */
export interface Totals {
  readonly checked: number;
  readonly differing: number;
  readonly repaired: number;
}

const queue = 'reconciliation';

/** Whether rows differ still: operators are told, and asked. */
const isLeft = ({
  outputs: { report },
}: {
  readonly outputs: { readonly report: Totals };
}): boolean => report.differing > report.repaired;

/** What both versions do. @param next what the operators who are told can do then, for a run */
const compared = (version: number, next: (run: string) => string) =>
  new Flow<Input>('reconciliation', {
    input: jobs['reconcile-counters'].payload,
    version,
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
      async ({ input: { counter }, outputs, manager, task }) => {
        await finishReport(manager, task.runId, outputs.reduce);
        // Of each counter one report at most waits for an answer, however many nights nobody gives one.
        await supersede(manager, task.runId, counter);
        return { reportId: task.runId, ...outputs.reduce };
      },
    )
    .step(
      'notify',
      {
        queue,
        dependsOn: ['report'],
        when: isLeft,
      },
      async ({ input, outputs: { report }, task, logger, signal }) => ({
        told: await tellOperators(
          `${input.counter}: ${report.differing} of ${report.checked} rows differ from their source, ` +
            `${report.repaired} were set right; report ${report.reportId}${next(task.runId)}`,
          { key: task.key, logger, signal },
        ),
      }),
    );

/** Without a repair that operators approve: for the runs that were begun before there was one. */
export const reconciliationUnapproved = compared(1, () => '');

const days = 7;

const howToApprove = (run: string): string =>
  `. To have those of the report set right, approve it before the next report, within ${days} days: ` +
  `nightshift flows signal ${run} approval '{"approved":true}', or Signal approval at ` +
  `${config().PUBLIC_URL}/admin/flows/${run}`;

/**
 * Compares a denormalised counter with its source over its whole table, many parts at once, and reports the rows that
 * differ; with `repair` it sets them right. Operators are told of what differs and was not, and the run waits for the
 * signal `approval` to set right what its report names; without one within 7 days, or until the next run has its report
 * of the same counter, nothing is changed. The report has the run's id.
 */
export const reconciliation = compared(2, howToApprove)
  .waitFor('approval', {
    dependsOn: ['report'],
    when: isLeft,
    payload: z.object({ approved: z.boolean() }),
    timeoutSeconds: days * 24 * 3_600,
    onTimeout: 'skip',
  })
  .step(
    'repair',
    {
      queue,
      dependsOn: ['report', 'approval'],
      transactional: true,
      when: ({ outputs: { approval } }) => approval?.approved === true,
    },
    async ({ input: { counter }, outputs: { report }, manager, task }) => {
      const done = await repairReported(manager, task.runId, counter);
      // A report names a thousand; the next night finds the others, and asks again.
      return { ...done, left: report.differing - done.named };
    },
  );
