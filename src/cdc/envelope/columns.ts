import type { CatalogTable } from '../catalog.ts';
import { UnsupportedTypeError } from '../errors.ts';
import type { Relation } from '../pgoutput/decode.ts';
import {
  type ColumnType,
  jsonText,
  type ValueSchema,
} from '../types/column-type.ts';
import { defaultValue } from '../types/default-value.ts';
import { resolveType } from '../types/resolve.ts';

/** A column ready for envelopes. */
export interface EnvelopeColumn {
  readonly name: string;
  /** Where its value stands in a row of the log. */
  readonly place: number;
  /** The name as JSON, with the colon after it. */
  readonly label: string;
  readonly type: ColumnType;
  readonly optional: boolean;
  /** JSON, if the schema names a default. */
  readonly default: string | undefined;
  /** The field's schema, as JSON. */
  readonly schema: string;
}

const fieldSchema = (
  schema: ValueSchema,
  optional: boolean,
  defaultJson: string | undefined,
  field: string,
): string => {
  const { type, fields, items, ...rest } = schema;
  const head = JSON.stringify({ type, items, fields, optional, ...rest });
  const named = `,"field":${JSON.stringify(field)}}`;
  const withDefault =
    defaultJson === undefined ? '' : `,"default":${defaultJson}`;
  return `${head.slice(0, -1)}${withDefault}${named}`;
};

/**
 * The columns of a table, in the order of its rows. Left out, as by Debezium, is a column whose type is gone:
 * both were dropped before its last rows were read, and nothing could mend that.
 *
 * @throws UnsupportedTypeError
 */
export const envelopeColumns = (
  relation: Relation,
  catalog: CatalogTable,
): EnvelopeColumn[] =>
  relation.columns.flatMap(({ name, typeId, typeModifier }, place) => {
    const catalogType = catalog.types.get(typeId);
    if (!catalogType) return [];
    const type = resolveType(catalogType, typeModifier);
    if (!type)
      throw new UnsupportedTypeError(relation.table, name, catalogType.name);
    const column = catalog.columns.get(name);
    const optional = !column?.notNull && !catalog.primaryKey.includes(name);
    const expression = column?.defaultExpression;
    const json =
      expression === undefined ? undefined : defaultValue(expression, type);
    return {
      name,
      place,
      label: `${jsonText(name)}:`,
      type,
      optional,
      default: json,
      schema: fieldSchema(type.schema, optional, json, name),
    };
  });
