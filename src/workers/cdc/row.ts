type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${SnakeCase<Rest>}`
    : `_${Lowercase<First>}${SnakeCase<Rest>}`
  : Name;

/** How a column's value stands in an envelope: times as text in UTC, bytes in base64. */
type ColumnValue<Value> = Value extends Date | Buffer ? string : Value;

/** An entity's row as change data capture shows it: the columns as they are named in Postgres. */
export type RowOf<Entity> = {
  readonly [
    Property in keyof Entity & string as SnakeCase<Property>
  ]: ColumnValue<Entity[Property]>;
};
