import type { ReactNode } from 'react';

import { useQuery } from './api/use-query.ts';
import { Causality } from './causality/causality.tsx';
import { BulkAction } from './bulk/action.tsx';
import { BulkActions } from './bulk/list.tsx';
import { DeadLetter } from './dead-letters/entry.tsx';
import { DeadLetters } from './dead-letters/list.tsx';
import { Flows } from './flows/list.tsx';
import { FlowRun } from './flows/run.tsx';
import { Connection } from './integrations/connection.tsx';
import { Connections } from './integrations/connections.tsx';
import { WebhookDeliveries } from './integrations/deliveries.tsx';
import { WebhookDelivery } from './integrations/delivery.tsx';
import { WebhookEndpoints } from './integrations/endpoints.tsx';
import { Exports } from './integrations/exports.tsx';
import { Layout, type Section } from './layout.tsx';
import { Overview } from './overview/overview.tsx';
import { Failure } from './parts/failure.tsx';
import { Page } from './parts/page.tsx';
import { match, usePath } from './router.tsx';
import { OperatorContext, operatorDocument } from './session/operator.ts';
import { useSession } from './session/session.ts';
import { SignIn } from './session/sign-in.tsx';
import { Audit } from './work/audit.tsx';
import { Job } from './work/job.tsx';
import { Jobs } from './work/jobs.tsx';
import { Queues } from './work/queues.tsx';
import { Schedule } from './work/schedule.tsx';
import { Schedules } from './work/schedules.tsx';
import { Subscription } from './work/subscription.tsx';
import { Subscriptions } from './work/subscriptions.tsx';

type Screen = (parameters: Readonly<Record<string, string>>) => ReactNode;

const screens: readonly (readonly [pattern: string, screen: Screen])[] = [
  ['/', () => <Overview />],
  ['/dead-letters', () => <DeadLetters />],
  ['/dead-letters/:id', ({ id = '' }) => <DeadLetter key={id} id={id} />],
  ['/subscriptions', () => <Subscriptions />],
  [
    '/subscriptions/:name',
    ({ name = '' }) => <Subscription key={name} name={name} />,
  ],
  ['/flows', () => <Flows />],
  ['/flows/:id', ({ id = '' }) => <FlowRun key={id} id={id} />],
  ['/jobs', () => <Jobs />],
  ['/jobs/:id', ({ id = '' }) => <Job key={id} id={id} />],
  ['/queues', () => <Queues />],
  ['/schedules', () => <Schedules />],
  ['/causality', () => <Causality />],
  ['/schedules/:name', ({ name = '' }) => <Schedule key={name} name={name} />],
  ['/connections', () => <Connections />],
  ['/connections/:id', ({ id = '' }) => <Connection key={id} id={id} />],
  ['/webhooks', () => <WebhookEndpoints />],
  ['/webhooks/deliveries', () => <WebhookDeliveries />],
  [
    '/webhooks/deliveries/:id',
    ({ id = '' }) => <WebhookDelivery key={id} id={id} />,
  ],
  ['/exports', () => <Exports />],
  ['/bulk-actions', () => <BulkActions />],
  ['/bulk-actions/:id', ({ id = '' }) => <BulkAction key={id} id={id} />],
  ['/audit-log', () => <Audit />],
];

const sections: readonly Section[] = [
  { to: '/', name: 'Overview' },
  { to: '/dead-letters', name: 'Dead letters' },
  { to: '/subscriptions', name: 'Subscriptions' },
  { to: '/flows', name: 'Flows' },
  { to: '/jobs', name: 'Jobs' },
  { to: '/queues', name: 'Queues' },
  { to: '/schedules', name: 'Schedules' },
  { to: '/causality', name: 'Causality' },
  { to: '/connections', name: 'Connections' },
  { to: '/webhooks', name: 'Webhooks' },
  { to: '/exports', name: 'Exports' },
  { to: '/bulk-actions', name: 'Bulk actions' },
  { to: '/audit-log', name: 'Audit log' },
];

const Unknown = () => (
  <Page title="There is no such page">
    <p>The address may be of another version, or mistyped.</p>
  </Page>
);

const Screens = () => {
  const path = usePath();
  for (const [pattern, screen] of screens) {
    const parameters = match(pattern, path);
    if (parameters) return screen(parameters);
  }
  return <Unknown />;
};

/** Rights are asked again now and then: tokens change while pages stay open. */
const rightsInterval = 60_000;

const SignedIn = () => {
  const { data, failure } = useQuery(operatorDocument, {}, rightsInterval);
  if (!data)
    return failure ? (
      <main className="main">
        <Failure failure={failure} />
      </main>
    ) : null;
  return (
    <OperatorContext value={data.operator}>
      <Layout sections={sections}>
        <Screens />
      </Layout>
    </OperatorContext>
  );
};

/** The operators' page. */
export const App = () => {
  const session = useSession();
  return session ? <SignedIn key={session.token} /> : <SignIn />;
};
