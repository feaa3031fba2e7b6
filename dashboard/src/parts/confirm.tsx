import type { TadaDocumentNode } from 'gql.tada';
import { type FormEvent, type ReactNode, useState } from 'react';

import { useAction } from '../api/use-action.ts';
import { Dialog, ReasonField } from './dialog.tsx';
import { Failure } from './failure.tsx';

/** A button whose action says first what it will touch, and asks why. */
export const Confirmed = <Variables extends { reason?: string | null }>({
  name,
  title,
  says,
  document,
  needsReason = false,
  variables,
  onDone,
  children,
}: {
  /** Of the button. */
  readonly name: string;
  readonly title: string;
  /** What it will touch. */
  readonly says: string;
  readonly document: TadaDocumentNode<unknown, Variables>;
  /** Whether there must be one. */
  readonly needsReason?: boolean;
  readonly variables: Omit<Variables, 'reason'>;
  readonly onDone: () => void;
  /** Further fields. */
  readonly children?: ReactNode;
}) => {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const { run, busy, failure } = useAction(document);
  const close = () => setOpen(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await run({
      ...variables,
      reason: reason.trim() || null,
    } as Variables);
    if (answer === undefined) return;
    close();
    onDone();
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {name} …
      </button>
      {open && (
        <Dialog title={title} onClose={close}>
          <p>{says}</p>
          <Failure failure={failure} />
          <form onSubmit={(event) => void submit(event)}>
            {children}
            <ReasonField
              reason={reason}
              onChange={setReason}
              required={needsReason}
            />
            <div className="buttons">
              <button type="button" onClick={close}>
                Cancel
              </button>
              <button type="submit" className="primary" disabled={busy}>
                {name}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
};
