import { arrayType } from './array.ts';
import { bitType, varbitType } from './bits.ts';
import type { ColumnType } from './column-type.ts';
import { hstore } from './hstore.ts';
import * as numbers from './numbers.ts';
import { point } from './point.ts';
import * as texts from './texts.ts';
import * as times from './times.ts';

/** A type as the catalog (`pg_type`) knows it. */
export interface CatalogType {
  /** Name, with its schema if that is not `pg_catalog`. */
  readonly name: string;
  /** `b` base, `e` enum, `r` range, `d` domain, `c` composite, `m` multirange. */
  readonly kind: string;
  /** Labels of an enum, in order. */
  readonly labels: readonly string[];
  /** The type of an array's elements. */
  readonly element: CatalogType | undefined;
  /** What a domain is made of. */
  readonly base:
    { readonly type: CatalogType; readonly typeModifier: number } | undefined;
}

const always = (type: ColumnType) => (): ColumnType => type;

/** Every built-in type whose envelopes are recorded from Debezium and compared in the tests. */
const builtIn: Readonly<Record<string, (typeModifier: number) => ColumnType>> =
  {
    int2: always(numbers.int16),
    int4: always(numbers.int32),
    int8: always(numbers.int64),
    oid: always({ ...numbers.int64, generatedDefault: undefined }),
    float4: always(numbers.float32),
    float8: always(numbers.float64),
    numeric: numbers.numericType,
    bool: always(texts.boolean),
    text: always(texts.text),
    varchar: always(texts.text),
    bpchar: always(texts.text),
    inet: always(texts.plainText),
    cidr: always(texts.plainText),
    macaddr: always(texts.plainText),
    macaddr8: always(texts.plainText),
    int4range: always(texts.plainText),
    int8range: always(texts.plainText),
    numrange: always(texts.plainText),
    tsrange: always(texts.plainText),
    tstzrange: always(texts.plainText),
    daterange: always(texts.plainText),
    char: always(texts.plainText),
    xml: always(texts.xml),
    tsvector: always(texts.tsvector),
    money: always(numbers.money),
    bit: bitType,
    varbit: varbitType,
    point: always(point),
    uuid: always(texts.uuid),
    json: always(texts.json),
    jsonb: always(texts.json),
    bytea: always(texts.bytea),
    date: always(times.date),
    time: times.timeType,
    timetz: always(times.timetz),
    timestamp: times.timestampType,
    timestamptz: times.timestamptzType,
    interval: always(times.interval),
  };

/** Types of extensions, in whatever schema those are. */
const ofExtensions: Readonly<Record<string, ColumnType>> = {
  citext: texts.plainText,
  hstore,
};

/** Element types of arrays that Debezium supports and the tests compare. */
const inArrays = new Set([
  ...['int2', 'int4', 'int8', 'float4', 'float8', 'bool', 'text', 'varchar'],
  ...['uuid', 'json', 'jsonb', 'date', 'timestamptz', 'time', 'timestamp'],
  ...['numeric', 'bpchar', 'bytea', 'oid', 'inet'],
]);

const extensionType = ({ kind, name }: CatalogType): ColumnType | undefined => {
  const own = name.slice(name.lastIndexOf('.') + 1);
  return kind === 'b' && name.includes('.') && Object.hasOwn(ofExtensions, own)
    ? ofExtensions[own]
    : undefined;
};

const mayBeElement = (type: CatalogType): boolean =>
  type.kind === 'e' ||
  inArrays.has(type.name) ||
  extensionType(type) === texts.plainText;

/** As what the domain is made of, but that Debezium does not read defaults of domains. */
const ofDomain = (base: NonNullable<CatalogType['base']>) => {
  const type = resolveType(base.type, base.typeModifier);
  if (!type) return undefined;
  const { generatedDefault: _, ...rest } = type;
  return rest;
};

/** How values of a Postgres type stand in an envelope; `undefined` if that is not known to equal Debezium's. */
export const resolveType = (
  type: CatalogType,
  typeModifier: number,
): ColumnType | undefined => {
  if (type.kind === 'e') return texts.enumType(type.labels);
  if (type.base) return ofDomain(type.base);
  const extension = extensionType(type);
  if (extension) return extension;
  if (type.element) {
    if (!mayBeElement(type.element)) return undefined;
    const element = resolveType(type.element, typeModifier);
    return element && arrayType(element);
  }
  if (!'br'.includes(type.kind) || !Object.hasOwn(builtIn, type.name))
    return undefined;
  return builtIn[type.name]!(typeModifier);
};
