/**
 * The role of this process may not see the queue workers, whose tokens only the owner of the tables may
 * read. Run it as the role that ran the migrations, or let another process run queue workers.
 */
export class QueueWorkerAccessError extends Error {
  override readonly name = 'QueueWorkerAccessError';

  constructor(options: ErrorOptions) {
    super(
      'expected DATABASE_URL to name the role that ran the migrations, which alone may read the tokens of queue ' +
        'workers; got one that may not. Grant it membership: grant <owner> to <role>',
      options,
    );
  }
}
