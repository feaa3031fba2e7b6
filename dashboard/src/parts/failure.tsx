import type { ApiFailure } from '../api/request.ts';

/** Says what went wrong, at once also to those who hear the page. */
export const Failure = ({
  failure,
}: {
  readonly failure: ApiFailure | undefined;
}) =>
  failure ? (
    <p className="notice bad" role="alert">
      {failure.message}
    </p>
  ) : null;
