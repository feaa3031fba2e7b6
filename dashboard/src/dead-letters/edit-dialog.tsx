import { type FormEvent, useState } from 'react';

import type { ResultOf } from '../api/graphql.ts';
import { useAction } from '../api/use-action.ts';
import { Dialog, ReasonField } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import {
  editPreviewDocument,
  type Entry,
  resendDocument,
  revealDocument,
} from './documents.ts';

type Sent = ResultOf<typeof resendDocument>['resendDeadLetter'];

const Outcome = ({ sent }: { readonly sent: Sent }) => (
  <p
    role="status"
    className={`notice ${sent.outcome === 'redriven' ? '' : 'warning'}`}
  >
    {sent.outcome === 'redriven'
      ? 'It came through. The desk keeps the original payload.'
      : `${sent.outcome}: ${sent.error ?? sent.reason ?? 'unknown'}`}
  </p>
);

const Editor = ({
  id,
  initial,
  onClose,
}: {
  readonly id: string;
  readonly initial: string;
  readonly onClose: () => void;
}) => {
  const [text, setText] = useState(initial);
  const [reason, setReason] = useState('');
  const [fits, setFits] = useState<string>();
  const [sent, setSent] = useState<Sent>();
  const preview = useAction(editPreviewDocument);
  const resend = useAction(resendDocument);
  const look = async () => {
    setFits(undefined);
    const answer = await preview.run({ id, document: text });
    if (answer)
      setFits(
        answer.editPreview.fits
          ? 'Its handler can read it.'
          : `Its handler cannot read it: ${answer.editPreview.reason ?? 'unknown'}`,
      );
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await resend.run({
      id,
      document: text,
      reason: reason.trim(),
    });
    if (answer) setSent(answer.resendDeadLetter);
  };
  if (sent)
    return (
      <>
        <Outcome sent={sent} />
        <div className="buttons">
          <button type="button" className="primary" onClick={onClose}>
            Close
          </button>
        </div>
      </>
    );
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>
        Payload, as JSON
        <textarea
          className="payload"
          rows={12}
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setFits(undefined);
          }}
        />
      </label>
      <div className="row">
        <button
          type="button"
          disabled={preview.busy}
          onClick={() => void look()}
        >
          Compare with its handler
        </button>
        {fits !== undefined && <span role="status">{fits}</span>}
      </div>
      <Failure failure={preview.failure ?? resend.failure} />
      <ReasonField reason={reason} onChange={setReason} required />
      <div className="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="submit"
          className="primary"
          disabled={resend.busy || text === initial}
        >
          {resend.busy ? 'Running …' : 'Run with this payload'}
        </button>
      </div>
    </form>
  );
};

/** Runs an entry with an edited payload. */
export const EditDialog = ({
  entry: { id },
  onClose,
}: {
  readonly entry: Entry['entry'];
  readonly onClose: () => void;
}) => {
  const { run, busy, failure } = useAction(revealDocument);
  const [initial, setInitial] = useState<string>();
  const reveal = async () => {
    const answer = await run({ id, reason: 'to edit it' });
    if (answer)
      setInitial(JSON.stringify(answer.revealDeadLetter.document, null, 2));
  };
  return (
    <Dialog title="Edit and run again" onClose={onClose}>
      <p>
        It runs with the edited payload, for the one subscription or queue that
        failed and under the id that it had. The desk keeps the original; the
        audit log has hashes of both, and which paths differ.
      </p>
      <Failure failure={failure} />
      {initial === undefined ? (
        <div className="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="primary"
            disabled={busy}
            onClick={() => void reveal()}
          >
            Reveal the payload (audited)
          </button>
        </div>
      ) : (
        <Editor id={id} initial={initial} onClose={onClose} />
      )}
    </Dialog>
  );
};
