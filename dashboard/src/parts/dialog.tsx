import { type ReactNode, useEffect, useId, useRef } from 'react';

/** A question in front of the page; Escape and the page's own buttons close it. */
export const Dialog = ({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) => {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <div className="stack">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
};

/** Why something is done, for the audit log. */
export const ReasonField = ({
  reason,
  onChange,
  required = false,
}: {
  readonly reason: string;
  readonly onChange: (reason: string) => void;
  readonly required?: boolean;
}) => (
  <label>
    {required
      ? 'Why (the audit log keeps it)'
      : 'Why (kept in the audit log; may be left out)'}
    <input
      value={reason}
      maxLength={2_000}
      required={required}
      onChange={(event) => onChange(event.target.value)}
    />
  </label>
);
