import { graphql, type ResultOf } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Confirmed } from '../parts/confirm.tsx';
import type { Column } from '../parts/table.tsx';
import { TablePage } from '../parts/table-page.tsx';
import { Ago } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { useRight } from '../session/operator.ts';

const schedulesDocument = graphql(`
  query Schedules {
    schedules {
      name
      cron
      timezone
      jobs
      last
      next
    }
  }
`);

export const runDocument = graphql(`
  mutation RunSchedule($name: String!, $reason: String) {
    runSchedule(name: $name, reason: $reason)
  }
`);

type Schedule = ResultOf<typeof schedulesDocument>['schedules'][number];

const columnsOf = (
  mayRun: boolean,
  onDone: () => void,
): readonly Column<Schedule>[] => [
  {
    name: 'Schedule',
    show: ({ name }) => <Link to={`/schedules/${name}`}>{name}</Link>,
  },
  {
    name: 'When',
    show: ({ cron, timezone }) => (
      <>
        <code>{cron}</code> <span className="quiet">{timezone}</span>
      </>
    ),
  },
  { name: 'Jobs', show: ({ jobs }) => jobs.join(', ') },
  { name: 'Last', kind: 'nowrap', show: ({ last }) => <Ago at={last} /> },
  { name: 'Next', kind: 'nowrap', show: ({ next }) => <Ago at={next} /> },
  ...(mayRun
    ? [
        {
          name: 'Action',
          show: ({ name, jobs }: Schedule) => (
            <Confirmed
              name="Run now"
              title={`Run ${name} now`}
              says={`Creates its jobs at once: ${jobs.join(', ')}. Its next tick comes as if nothing had been.`}
              document={runDocument}
              variables={{ name }}
              onDone={onDone}
            />
          ),
        },
      ]
    : []),
];

/** What is done when. */
export const Schedules = () => {
  const { data, failure, refresh } = useQuery(schedulesDocument, {}, 15_000);
  const mayRun = useRight('schedules');
  return (
    <TablePage
      title="Schedules"
      name="Every declared schedule"
      columns={columnsOf(mayRun, refresh)}
      rows={data?.schedules}
      failure={failure}
      keyOf={({ name }) => name}
      empty="No schedule is declared."
    />
  );
};
