/** The schema of a value as Kafka Connect's JSON converter writes it, without `optional` and `field`. */
export interface ValueSchema {
  readonly type: string;
  readonly items?: object;
  readonly fields?: readonly object[];
  readonly name?: string;
  readonly version?: number;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly doc?: string;
}

/** How the values of a Postgres type stand in an envelope. JSON is text, so that no digit is lost. */
export interface ColumnType {
  readonly schema: ValueSchema;
  /** Whether an array's elements may be null by their schema. @default true */
  readonly optionalInArrays?: boolean;
  /**
   * The JSON of a value in Postgres's text form.
   *
   * @throws UndecodableValueError
   */
  readonly encode: (text: string) => string;
  /** For elements of arrays, where Debezium treats them in another way. */
  readonly encodeInArrays?: (text: string) => string;
  /** The JSON that stands for an unknown value of a NOT NULL column without a constant default. */
  readonly zero: string;
  /** The text that a default which is a function call is replaced by; without it there is no default. */
  readonly generatedDefault?: string;
}

/** A JSON string with the escapes of Java's writers inside of another JSON string. */
export const innerJsonText = (text: string): string =>
  JSON.stringify(text).replace(
    /\\u[0-9a-f]{4}/g,
    (escape) => `\\u${escape.slice(2).toUpperCase()}`,
  );

const surrogates = /[\ud800-\udfff]/g;

/** Printable ASCII but quotes and backslashes: nearly every text, and nothing in it is escaped. */
const plain = /^[ !#-[\]-~]*$/;

/**
 * A JSON string with the escapes of Java's writers, so that keys equal Debezium's to the byte: what
 * takes two units of UTF-16 is escaped.
 */
export const jsonText = (text: string): string => {
  if (plain.test(text)) return `"${text}"`;
  const json = innerJsonText(text);
  return json.replace(
    surrogates,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase()}`,
  );
};
