import { useState } from 'react';

import { BulkButton } from '../bulk/dialog.tsx';
import { useRight } from '../session/operator.ts';
import type { Choice } from './documents.ts';
import { RedriveDialog } from './redrive-dialog.tsx';
import { ResolveDialog } from './resolve-dialog.tsx';

/** What can be done with the entries that are looked at. */
export const Actions = ({
  what,
  choice,
  isOpen,
  onDone,
}: {
  /** Such as `12 entries`. */
  readonly what: string;
  readonly choice: Choice;
  /** Whether only open entries are meant; others cannot be resolved. */
  readonly isOpen: boolean;
  readonly onDone: () => void;
}) => {
  const [asked, setAsked] = useState<'redrive' | 'resolve'>();
  const mayRedrive = useRight('redrive');
  const mayResolve = useRight('resolve');
  const close = () => {
    setAsked(undefined);
    onDone();
  };
  if (!isOpen) return null;
  return (
    <>
      {mayRedrive && (
        <button
          type="button"
          className="primary"
          onClick={() => setAsked('redrive')}
        >
          Redrive {what} …
        </button>
      )}
      {mayResolve && !choice.ids && (
        <BulkButton
          what={what}
          target={{ kind: 'resolveDeadLetters', choice }}
          onDone={onDone}
        />
      )}
      {mayResolve && choice.ids && (
        <button type="button" onClick={() => setAsked('resolve')}>
          Resolve {what} …
        </button>
      )}
      {asked === 'redrive' && (
        <RedriveDialog what={what} choice={choice} onClose={close} />
      )}
      {asked === 'resolve' && (
        <ResolveDialog what={what} choice={choice} onClose={close} />
      )}
    </>
  );
};
