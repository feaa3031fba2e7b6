import { useQuery } from '../api/use-query.ts';
import { Failure } from '../parts/failure.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { Chain, verdictOf } from './chain.tsx';
import { causalityDocument } from './document.ts';
import { CausalitySearch, type Sought, useSought } from './search.tsx';

/** Milliseconds between two looks: what follows may still be under way. */
const every = 10_000;

const titleOf = ({ id, table, key }: Sought): string =>
  id ?? `${table ?? ''} ${key ?? ''}`;

const Found = ({ sought }: { readonly sought: Sought }) => {
  const { data, failure } = useQuery(causalityDocument, { ...sought }, every);
  const trace = data?.causality;
  return (
    <div className="stack">
      <Failure failure={failure} />
      {trace && (
        <Panel
          title="What it came from, and what followed"
          aside={verdictOf(trace)}
        >
          {trace.truncated && (
            <p className="notice warning">
              There is more than these {trace.nodes.length}: go on with “all
              from here”.
            </p>
          )}
          <Chain trace={trace} />
        </Panel>
      )}
    </div>
  );
};

const Explained = () => (
  <Panel title="What this shows">
    <ul className="explained">
      <li>
        Give a captured table and the primary key of a row, such as{' '}
        <code>post 0198c3a4-…</code> (of several columns their values with
        commas between them), or the id of an event, a job, a run of a flow, a
        notification, a message, a webhook delivery or a dead letter.
      </li>
      <li>
        You see where it came from, back to the commit, and all that followed:
        events, deliveries and their attempts, jobs, steps of flows,
        notifications, and the time between.
      </li>
      <li>
        Failures, retries and duplicates are recorded always; of plain
        successes, where there are very many, a share. What is not recorded is
        said to be so: it is no loss.
      </li>
    </ul>
  </Panel>
);

/** From a row to its last effect, and back. */
export const Causality = () => {
  const sought = useSought();
  const isAsked =
    sought.id !== null || (sought.table !== null && sought.key !== null);
  return (
    <Page title="Causality">
      <CausalitySearch />
      {isAsked ? (
        <Found key={titleOf(sought)} sought={sought} />
      ) : (
        <Explained />
      )}
    </Page>
  );
};
