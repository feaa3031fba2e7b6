/** Nothing that is kept has this id, or is about this row. */
export class NothingKnownError extends Error {
  override readonly name = 'NothingKnownError';

  constructor(readonly sought: string) {
    super(
      `expected ${sought} to be known, found nothing; give the id of an event, a job, a run of a flow, a notification, ` +
        'a message, a webhook or a dead letter, or a captured table and the primary key of its row. What is older than its ' +
        'retention is gone, and of many successes only a share is recorded',
    );
  }
}
