import { graphql } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Confirmed } from '../parts/confirm.tsx';
import { Facts } from '../parts/facts.tsx';
import { Failure } from '../parts/failure.tsx';
import { count } from '../parts/format.ts';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { Moment } from '../parts/time.tsx';
import { useRight } from '../session/operator.ts';

const connectionDocument = graphql(`
  query FeedConnection($id: ID!) {
    feedConnection(id: $id) {
      connection {
        id
        source
        url
        state
        isSyncing
        lastAttemptedAt
        lastSyncedAt
        lastError
        consecutiveFailures
        nextSyncAt
        hubExpiresAt
        hubError
        createdAt
      }
      items
      lastItemAt
    }
  }
`);

const syncDocument = graphql(`
  mutation SyncConnection($id: ID!, $reason: String) {
    syncConnection(id: $id, reason: $reason)
  }
`);

/** One feed: when it was synced, when it will be, and what went wrong. */
export const Connection = ({ id }: { readonly id: string }) => {
  const { data, failure, refresh } = useQuery(connectionDocument, { id });
  const maySync = useRight('schedules');
  const found = data?.feedConnection;
  const connection = found?.connection;
  return (
    <Page
      title={connection?.url ?? 'Connection'}
      above={{ to: '/connections', name: 'Connections' }}
      aside={
        maySync &&
        connection && (
          <Confirmed
            name="Sync now"
            title={`Sync ${connection.url} now`}
            says="Creates a job that reads the feed at once; new and changed items become posts, and their followers hear of them."
            document={syncDocument}
            variables={{ id }}
            onDone={refresh}
          />
        )
      }
    >
      <div className="stack">
        <Failure failure={failure} />
        {found && connection && (
          <Panel title="The feed">
            <Facts
              of={[
                [
                  'State',
                  <>
                    <State is={connection.state} />{' '}
                    {connection.isSyncing && <State is="running" />}
                    {connection.consecutiveFailures > 0 &&
                      `${count(connection.consecutiveFailures)} syncs failed in a row`}
                  </>,
                ],
                connection.lastError !== null && [
                  'Last error',
                  connection.lastError,
                ],
                ['Posts go to', connection.source],
                ['Last synced', <Moment at={connection.lastSyncedAt} />],
                ['Last tried', <Moment at={connection.lastAttemptedAt} />],
                ['Next sync', <Moment at={connection.nextSyncAt} />],
                ['Items taken over', count(found.items)],
                ['Newest item', <Moment at={found.lastItemAt} />],
                [
                  'Told by a hub',
                  connection.hubExpiresAt === null ? (
                    (connection.hubError ?? 'no')
                  ) : (
                    <>
                      until <Moment at={connection.hubExpiresAt} />
                    </>
                  ),
                ],
                ['Created', <Moment at={connection.createdAt} />],
                ['Id', <span className="id">{connection.id}</span>],
              ]}
            />
          </Panel>
        )}
      </div>
    </Page>
  );
};
