import { duration } from './format.ts';

const full = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
});

const relative = (at: number): string => {
  const seconds = (Date.now() - at) / 1_000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0
    ? `${duration(seconds)} ago`
    : `in ${duration(Math.abs(seconds))}`;
};

/** How long ago something was, or how long until it is; the moment itself when pointed at. */
export const Ago = ({ at }: { readonly at: string | null | undefined }) => {
  if (at === null || at === undefined) return <span className="quiet">–</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={full.format(date)}>
      {relative(date.getTime())}
    </time>
  );
};

/** A moment, in full. */
export const Moment = ({ at }: { readonly at: string | null | undefined }) => {
  if (at === null || at === undefined) return <span className="quiet">–</span>;
  const date = new Date(at);
  return (
    <time dateTime={at}>
      {full.format(date)}{' '}
      <span className="quiet">({relative(date.getTime())})</span>
    </time>
  );
};
