import { useState } from 'react';

import { useAction } from '../api/use-action.ts';
import { useQuery } from '../api/use-query.ts';
import { causalityPath } from '../causality/document.ts';
import { Failure } from '../parts/failure.tsx';
import { Json } from '../parts/json.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { Moment } from '../parts/time.tsx';
import { Link } from '../router.tsx';
import { useRight } from '../session/operator.ts';
import { Actions } from './actions.tsx';
import { type Entry, entryDocument, revealDocument } from './documents.ts';
import { EditDialog } from './edit-dialog.tsx';
import { groupPath } from './group-columns.tsx';

const Facts = ({ entry }: { readonly entry: Entry['entry'] }) => (
  <dl className="facts">
    <dt>State</dt>
    <dd>
      <State is={entry.state} />
      {entry.stateChangedAt !== null && (
        <>
          {' '}
          by {entry.stateChangedBy ?? 'nobody named'},{' '}
          <Moment at={entry.stateChangedAt} />
          {entry.stateReason !== null && `: ${entry.stateReason}`}
        </>
      )}
    </dd>
    <dt>Failed at</dt>
    <dd>
      {entry.subscription} <span className="quiet">({entry.source})</span>
    </dd>
    <dt>Topic or job</dt>
    <dd>{entry.topic}</dd>
    <dt>Attempts</dt>
    <dd>
      {entry.attempts}, and {entry.redrives} redrives
    </dd>
    <dt>First, last</dt>
    <dd>
      <Moment at={entry.firstSeenAt} />, <Moment at={entry.lastSeenAt} />
    </dd>
    <dt>Published</dt>
    <dd>
      <Moment at={entry.publishTime} />
    </dd>
    <dt>Event</dt>
    <dd>
      <span className="id">{entry.eventId ?? '–'}</span>{' '}
      <Link className="underlined" to={causalityPath(entry.id)}>
        what caused this, and what followed
      </Link>
    </dd>
    {entry.orderingKey !== '' && (
      <>
        <dt>Ordering key</dt>
        <dd className="id">{entry.orderingKey}</dd>
      </>
    )}
    <dt>Of its kind</dt>
    <dd>
      <Link to={groupPath(entry)}>
        <span className="id">{entry.fingerprint}</span>
      </Link>
    </dd>
  </dl>
);

const Payload = ({ details }: { readonly details: Entry }) => {
  const { run, busy, failure } = useAction(revealDocument);
  const [revealed, setRevealed] = useState<{
    readonly document: unknown;
    readonly attributes: unknown;
    readonly payload: string | null;
    readonly entry: { readonly error: string };
    readonly errorStack: string | null;
  }>();
  const mayReveal = useRight('reveal');
  const shown = revealed ?? details;
  const reveal = async () => {
    const answer = await run({ id: details.entry.id, reason: null });
    if (answer) setRevealed(answer.revealDeadLetter);
  };
  return (
    <Panel
      title="Message"
      aside={
        revealed ? (
          'revealed; the audit log keeps it'
        ) : mayReveal ? (
          <button type="button" disabled={busy} onClick={() => void reveal()}>
            Reveal (audited)
          </button>
        ) : (
          'what people wrote is hidden'
        )
      }
    >
      <div className="stack">
        <Failure failure={failure} />
        {details.entry.erasedAt !== null ? (
          <p>Its data was erased with a user.</p>
        ) : shown.document === null ? (
          <p>
            Its topic does not say how to read it.
            {revealed && revealed.payload !== null && (
              <> In Base64: {revealed.payload}</>
            )}
          </p>
        ) : (
          <Json value={shown.document} label="Payload" />
        )}
        {revealed && (
          <>
            <h3>Error</h3>
            <pre
              className="code"
              tabIndex={0}
              role="region"
              aria-label="The whole error"
            >
              {revealed.errorStack ?? revealed.entry.error}
            </pre>
          </>
        )}
        <h3>Attributes</h3>
        <Json value={shown.attributes} label="Attributes" />
      </div>
    </Panel>
  );
};

/** Opens the editor, for entries whose payload can be one's own. */
const Edit = ({
  entry,
  onDone,
}: {
  readonly entry: Entry['entry'];
  readonly onDone: () => void;
}) => {
  const [open, setOpen] = useState(false);
  const mayReveal = useRight('reveal');
  const mayEdit = useRight('edit');
  const isEditable =
    (entry.source === 'pubsub' || entry.source === 'job') &&
    entry.state === 'open' &&
    entry.eventId !== null;
  if (!mayReveal || !mayEdit || !isEditable) return null;
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Edit and run again …
      </button>
      {open && (
        <EditDialog
          entry={entry}
          onClose={() => {
            setOpen(false);
            onDone();
          }}
        />
      )}
    </>
  );
};

/** One entry of the desk: what failed, how, and what can be done. */
export const DeadLetter = ({ id }: { readonly id: string }) => {
  const { data, failure, refresh } = useQuery(entryDocument, { id });
  const details = data?.deadLetter;
  return (
    <Page
      title={details ? details.entry.error : 'Dead letter'}
      above={{ to: '/dead-letters', name: 'Dead letters' }}
      aside={
        details && (
          <>
            <Actions
              what="it"
              choice={{ ids: [id] }}
              isOpen={details.entry.state === 'open'}
              onDone={refresh}
            />
            <Edit entry={details.entry} onDone={refresh} />
          </>
        )
      }
    >
      <div className="stack">
        <Failure failure={failure} />
        {details && (
          <>
            <Panel title="What happened">
              <Facts entry={details.entry} />
            </Panel>
            <Payload key={id} details={details} />
            {details.errorStack !== null && (
              <Panel title="Error">
                <pre
                  className="code"
                  tabIndex={0}
                  role="region"
                  aria-label="Stack of the error"
                >
                  {details.errorStack}
                </pre>
              </Panel>
            )}
          </>
        )}
      </div>
    </Page>
  );
};
