import { type FormEvent, useState } from 'react';

import { useAction } from '../api/use-action.ts';
import { Dialog, ReasonField } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { plural } from '../parts/format.ts';
import { type Choice, resolveDocument } from './documents.ts';

/** Says of entries that nothing is to be done about them. */
export const ResolveDialog = ({
  what,
  choice,
  onClose,
}: {
  readonly what: string;
  readonly choice: Choice;
  readonly onClose: () => void;
}) => {
  const { run, busy, failure } = useAction(resolveDocument);
  const [reason, setReason] = useState('');
  const [resolved, setResolved] = useState<number>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await run({ choice, reason: reason.trim(), dryRun: false });
    if (answer) setResolved(answer.resolveDeadLetters.resolved);
  };
  return (
    <Dialog title={`Resolve ${what}`} onClose={onClose}>
      <p>
        They are closed without being run: nothing is to be done about them. At
        most 1,000 at once.
      </p>
      <Failure failure={failure} />
      {resolved === undefined ? (
        <form onSubmit={(event) => void submit(event)}>
          <ReasonField reason={reason} onChange={setReason} required />
          <div className="buttons">
            <button type="button" onClick={onClose}>
              Cancel
            </button>
            <button type="submit" className="primary" disabled={busy}>
              Resolve
            </button>
          </div>
        </form>
      ) : (
        <>
          <p role="status">
            {plural(resolved, 'entry is', 'entries are')} resolved.
          </p>
          <div className="buttons">
            <button type="button" onClick={onClose}>
              Close
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
};
