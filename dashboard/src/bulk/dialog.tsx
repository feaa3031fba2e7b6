import { useState } from 'react';

import { Dialog } from '../parts/dialog.tsx';
import { BeginBulk } from './begin.tsx';
import type { BulkTarget } from './documents.ts';
import { words } from './words.ts';

/** A button that does something to everything that is looked at; says first what it will touch. */
export const BulkButton = ({
  what,
  target,
  onDone,
}: {
  /** Such as `these jobs`. */
  readonly what: string;
  readonly target: BulkTarget;
  readonly onDone: () => void;
}) => {
  const [open, setOpen] = useState(false);
  const { does, says } = words[target.kind];
  const close = () => {
    setOpen(false);
    onDone();
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {does} {what} …
      </button>
      {open && (
        <Dialog title={`${does} ${what}`} onClose={close}>
          <p>{says}</p>
          <BeginBulk target={target} onClose={close} />
        </Dialog>
      )}
    </>
  );
};
