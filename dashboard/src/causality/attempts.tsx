import { duration } from '../parts/format.ts';
import type { Attempt } from './document.ts';

const words: Readonly<Record<string, string>> = {
  ack: 'handled',
  nack: 'failed',
  'dead-letter': 'dead letter',
  duplicate: 'duplicate, without effect',
};

const colours: Readonly<Record<string, string>> = {
  ack: 'good',
  nack: 'warning',
  'dead-letter': 'bad',
  duplicate: 'quiet',
};

const seconds = (from: string, to: string): number =>
  (Date.parse(to) - Date.parse(from)) / 1_000;

/** Each attempt to handle an event: why there was one more, how long it waited and ran, and what came of it. */
export const Attempts = ({
  of,
  attempts,
}: {
  readonly of: string;
  readonly attempts: readonly Attempt[];
}) => {
  const [first] = attempts;
  return (
    <ol className="attempts" aria-label={`Attempts of ${of}`}>
      {attempts.map((attempt) => (
        <li key={`${attempt.startedAt} ${attempt.number}`}>
          <span className={`state ${colours[attempt.outcome] ?? 'quiet'}`}>
            {words[attempt.outcome] ?? attempt.outcome}
          </span>{' '}
          <span className="quiet">
            {[
              ...(attempt.why === 'first' ? [] : [attempt.why]),
              ...(attempt === first || !first
                ? []
                : [
                    `${duration(seconds(first.startedAt, attempt.startedAt))} later`,
                  ]),
              `ran ${duration(seconds(attempt.startedAt, attempt.finishedAt))}`,
              ...(attempt.error === null ? [] : [attempt.error]),
              ...(attempt.copies > 1
                ? [`came ${attempt.copies} times meanwhile`]
                : []),
            ].join(', ')}
          </span>
        </li>
      ))}
    </ol>
  );
};
