/** A JSON value, for reading. */
export const Json = ({
  value,
  label,
}: {
  readonly value: unknown;
  readonly label: string;
}) => (
  <pre className="code" tabIndex={0} role="region" aria-label={label}>
    {JSON.stringify(value, null, 2)}
  </pre>
);
