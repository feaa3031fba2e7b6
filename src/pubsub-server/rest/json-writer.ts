import type { Enum, Field, Type } from 'protobufjs';

import { integer, type Integer64 } from '../codecs.ts';
import {
  formatDuration,
  formatFieldMask,
  formatTimestamp,
} from './well-known-types.ts';

export interface JsonWriterOptions {
  /** Enums as their numbers instead of their names, as `$alt=json;enum-encoding=int` wants them. */
  readonly numericEnums: boolean;
}

interface EncodedMoment {
  seconds: Integer64;
  nanos: number;
}

const moment = ({ seconds, nanos }: EncodedMoment) => ({
  seconds: integer(seconds),
  nanos,
});

const wellKnown: Readonly<Record<string, (message: never) => string>> = {
  '.google.protobuf.Duration': (message: EncodedMoment) =>
    formatDuration(moment(message)),
  '.google.protobuf.FieldMask': formatFieldMask,
  '.google.protobuf.Timestamp': (message: EncodedMoment) =>
    formatTimestamp(moment(message)),
};

const writeEnum = (
  { valuesById }: Enum,
  value: number,
  { numericEnums }: JsonWriterOptions,
): number | string => (numericEnums ? value : (valuesById[value] ?? value));

const writeSingle = (
  field: Field,
  value: unknown,
  options: JsonWriterOptions,
): unknown => {
  const type = field.resolvedType;
  if (type !== null)
    return 'values' in type
      ? writeEnum(type, value as number, options)
      : writeMessage(type, value as object, options);
  if (value instanceof Uint8Array)
    return Buffer.from(
      value.buffer,
      value.byteOffset,
      value.byteLength,
    ).toString('base64');
  // 64-bit integers are objects in memory and strings in JSON.
  return typeof value === 'object'
    ? String(integer(value as Integer64))
    : value;
};

/** Whether the service leaves a field out: what has its default value, unless that says something. */
const isDefault = (field: Field, value: unknown): boolean => {
  if (value === null || value === undefined) return true;
  if (field.map) return Object.keys(value).length === 0;
  if (field.repeated || value instanceof Uint8Array)
    return (value as ArrayLike<unknown>).length === 0;
  if (field.partOf) return false;
  if (field.resolvedType !== null && !('values' in field.resolvedType))
    return false;
  return value === '' || value === false || Number(value) === 0;
};

/**
 * A decoded message in Protobuf's JSON form, as the service writes it: names in camel case, fields in the order of
 * their declaration, no defaults. https://protobuf.dev/programming-guides/json/
 */
export const writeMessage = (
  type: Type,
  message: object,
  options: JsonWriterOptions,
): unknown => {
  const format = wellKnown[type.fullName];
  if (format) return format(message as never);
  const json: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = Object.hasOwn(message, field.name)
      ? (message as Record<string, unknown>)[field.name]
      : undefined;
    if (isDefault(field, value)) continue;
    if (field.map)
      json[field.name] = Object.fromEntries(
        Object.entries(value as object).map(([key, element]) => [
          key,
          writeSingle(field, element, options),
        ]),
      );
    else if (field.repeated)
      json[field.name] = (value as unknown[]).map((element) =>
        writeSingle(field, element, options),
      );
    else json[field.name] = writeSingle(field, value, options);
  }
  return json;
};
