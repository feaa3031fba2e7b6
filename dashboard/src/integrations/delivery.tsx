import { graphql } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Attempts } from '../parts/attempts.tsx';
import { Facts } from '../parts/facts.tsx';
import { Failure } from '../parts/failure.tsx';
import { Json } from '../parts/json.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { Moment } from '../parts/time.tsx';
import { Link } from '../router.tsx';

const deliveryDocument = graphql(`
  query WebhookDelivery($id: ID!) {
    webhookDelivery(id: $id) {
      delivery {
        id
        endpointId
        url
        eventType
        eventId
        state
        attempts
        responseStatus
        error
        createdAt
        lastAttemptedAt
        settledAt
      }
      payload
      responseHeaders
      jobId
      history {
        attempt
        worker
        startedAt
        endedAt
        error
        log
      }
    }
  }
`);

/** One event on its way to one endpoint: what was answered, and its attempts. */
export const WebhookDelivery = ({ id }: { readonly id: string }) => {
  const { data, failure } = useQuery(deliveryDocument, { id });
  const found = data?.webhookDelivery;
  const delivery = found?.delivery;
  return (
    <Page
      title={delivery?.eventType ?? 'Webhook delivery'}
      above={{ to: '/webhooks/deliveries', name: 'Webhook deliveries' }}
    >
      <div className="stack">
        <Failure failure={failure} />
        {found && delivery && (
          <>
            <Panel title="The delivery">
              <Facts
                of={[
                  ['State', <State is={delivery.state} />],
                  [
                    'To',
                    <Link
                      className="break"
                      to={`/webhooks/deliveries?${new URLSearchParams({ endpoint: delivery.endpointId })}`}
                    >
                      {delivery.url}
                    </Link>,
                  ],
                  [
                    'Last answer',
                    delivery.responseStatus ?? 'none, as far as is known',
                  ],
                  delivery.error !== null && ['Error', delivery.error],
                  ['Attempts', delivery.attempts],
                  ['Created', <Moment at={delivery.createdAt} />],
                  ['Last attempt', <Moment at={delivery.lastAttemptedAt} />],
                  ['Settled', <Moment at={delivery.settledAt} />],
                  ['Event', <span className="id">{delivery.eventId}</span>],
                  ['Id', <span className="id">{delivery.id}</span>],
                  found.jobId !== null && [
                    'Job',
                    <Link to={`/jobs/${found.jobId}`}>
                      the job that delivers it
                    </Link>,
                  ],
                ]}
              />
            </Panel>
            <Attempts of={found.history} />
            <Panel title="Body" aside="what people wrote is hidden">
              <Json value={found.payload} label="Body as JSON" />
            </Panel>
            {found.responseHeaders !== null && (
              <Panel title="Headers of the answer">
                <Json value={found.responseHeaders} label="Headers as JSON" />
              </Panel>
            )}
          </>
        )}
      </div>
    </Page>
  );
};
