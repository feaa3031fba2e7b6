const colours: Readonly<Record<string, string>> = {
  ok: 'good',
  completed: 'good',
  redriven: 'good',
  delivered: 'good',
  handled: 'good',
  ready: 'good',
  active: 'good',
  healthy: 'good',
  enabled: 'good',
  failing: 'warning',
  requested: 'accent',
  running: 'accent',
  warning: 'warning',
  paused: 'warning',
  silent: 'warning',
  waiting: 'warning',
  retrying: 'warning',
  queued: 'accent',
  pending: 'accent',
  cancelled: 'warning',
  cancelling: 'warning',
  stopping: 'warning',
  skipped: 'warning',
  open: 'warning',
  failed: 'bad',
  'dead-letter': 'bad',
  nack: 'warning',
  broken: 'bad',
  disabled: 'bad',
};

/** A state in its word, with a dot in its colour. */
export const State = ({ is }: { readonly is: string }) => (
  <span className={`state ${colours[is] ?? 'quiet'}`}>{is}</span>
);
