import { useLive } from '../api/live.ts';
import { useQuery } from '../api/use-query.ts';
import { Page } from '../parts/page.tsx';
import { Ago } from '../parts/time.tsx';
import { DeadLetterGroups } from './dead-letters.tsx';
import { Doctor } from './doctor.tsx';
import {
  doctorDocument,
  type Overview as Looked,
  overviewDocument,
} from './document.ts';
import { Flows } from './flows.tsx';
import { Processes } from './processes.tsx';
import { Queues } from './queues.tsx';
import { Replication } from './replication.tsx';
import { Subscriptions } from './subscriptions.tsx';
import { Throughput } from './throughput.tsx';
import { Timings } from './timings.tsx';
import { Verdict } from './verdict.tsx';

const doctorInterval = 30_000;

const Parts = ({ overview }: { readonly overview: Looked }) => {
  const doctor = useQuery(doctorDocument, {}, doctorInterval);
  const findings = doctor.data?.doctor.findings ?? [];
  return (
    <div className="overview">
      <Verdict troubles={overview.troubles} findings={findings} />
      <Throughput overview={overview} />
      <Processes processes={overview.processes} />
      <Timings timings={overview.timings} className="half" />
      <Subscriptions overview={overview} className="half" />
      <Replication replication={overview.replication} />
      <Flows flows={overview.flows} />
      <Queues queues={overview.queues} />
      <DeadLetterGroups deadLetters={overview.deadLetters} />
      <Doctor doctor={doctor} />
    </div>
  );
};

/** Is everything all right, and if not, where? */
export const Overview = () => {
  const { data, connected } = useLive(overviewDocument);
  return (
    <Page
      title="Overview"
      aside={
        data && (
          <span className={connected ? 'quiet' : 'warning'}>
            {connected ? 'Live, as of ' : 'Not connected, as of '}
            <Ago at={data.overview.at} />
          </span>
        )
      }
    >
      {data ? (
        <Parts overview={data.overview} />
      ) : (
        <p className="quiet" role="status">
          {connected
            ? 'Looking at everything …'
            : 'The API does not answer. The page tries again by itself.'}
        </p>
      )}
    </Page>
  );
};
