/**
 * What is left of a value once it was stored as JSON: a Date is text, `undefined` is `null`, functions are
 * nothing that can be stored.
 */
export type Stored<Value> = unknown extends Value
  ? Value
  : Value extends { toJSON(): infer Json }
    ? Json
    : Value extends string | number | boolean | null
      ? Value
      : Value extends undefined | void
        ? null
        : Value extends (...parameters: never[]) => unknown
          ? never
          : Value extends object
            ? { [Key in keyof Value]: StoredProperty<Value[Key]> }
            : never;

/** A property that is `undefined` is left out. */
type StoredProperty<Value> = undefined extends Value
  ? Stored<Exclude<Value, undefined>> | undefined
  : Stored<Value>;
