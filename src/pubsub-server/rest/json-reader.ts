import type { Enum, Field, OneOf, Type } from 'protobufjs';

import {
  camelCase,
  parseDuration,
  parseFieldMask,
  parseTimestamp,
  snakeCase,
} from './well-known-types.ts';

/** The most complaints one answer makes. */
const MOST_VIOLATIONS = 20;

/** A message as protobufjs encodes it. */
export type MessageFields = Record<string, unknown>;

/**
 * Reads Protobuf's JSON form by reflection, and says what is wrong with it in the service's words.
 * https://protobuf.dev/programming-guides/json/
 */
export class JsonReader {
  /** Empty if everything read so far was in order. */
  readonly violations: string[] = [];

  /** The fields of a message; what was not in order is left out. */
  message(type: Type, json: unknown, path = ''): MessageFields {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      this.#refuse(path, type, json);
      return {};
    }
    const fields: MessageFields = {};
    for (const [name, value] of Object.entries(json)) {
      const field = fieldOf(type, name);
      if (field === undefined) {
        this.report(
          `Invalid JSON payload received. Unknown name "${name}"${path && ` at '${path}'`}: Cannot find field.`,
        );
        continue;
      }
      if (value !== null) this.field(fields, field, value, path);
    }
    return fields;
  }

  /** Sets one field of a message. */
  field(
    fields: MessageFields,
    field: Field,
    json: unknown,
    messagePath: string,
  ): void {
    const path = `${messagePath && `${messagePath}.`}${snakeCase(field.name)}`;
    const taken = takenOneOf(fields, field);
    if (taken !== undefined)
      this.report(
        `Invalid value at '${messagePath}' (oneof), oneof field '${taken}' is already set. Cannot set '${field.name}'`,
      );
    else if (field.map) fields[field.name] = this.#map(field, json, path);
    else if (field.repeated)
      fields[field.name] = this.#repeated(field, json, path);
    else if (Array.isArray(json))
      this.report(
        `Invalid JSON payload received. Unknown name "${field.name}"${messagePath && ` at '${messagePath}'`}: Proto field is not repeating, cannot start list.`,
      );
    else fields[field.name] = this.#single(field, json, path);
  }

  report(violation: string): void {
    if (this.violations.length < MOST_VIOLATIONS)
      this.violations.push(violation);
  }

  #map(field: Field, json: unknown, path: string): MessageFields {
    // Without a prototype: `__proto__` is a name like any other.
    const map = Object.create(null) as MessageFields;
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      this.#refuse(path, 'map', json);
    else
      for (const [key, value] of Object.entries(json))
        map[key] = this.#single(field, value, `${path}[${key}]`);
    return map;
  }

  #repeated(field: Field, json: unknown, path: string): unknown[] {
    if (!Array.isArray(json)) {
      this.#refuse(path, 'list', json);
      return [];
    }
    return json.map((value, index) =>
      this.#single(field, value, `${path}[${index}]`),
    );
  }

  #single(field: Field, json: unknown, path: string): unknown {
    const type = field.resolvedType;
    if (type === null) {
      const value = readScalar(field.type, json);
      if (value === undefined)
        this.#refuse(path, `TYPE_${field.type.toUpperCase()}`, json);
      return value;
    }
    if ('values' in type) return this.#enumeration(type, json, path);
    const parse = wellKnown[type.fullName];
    if (parse === undefined) return this.message(type, json, path);
    const value = typeof json === 'string' ? parse(json) : undefined;
    if (value === undefined) this.#refuse(path, type, json);
    return value;
  }

  #enumeration(type: Enum, json: unknown, path: string): unknown {
    if (typeof json === 'number' && Number.isInteger(json)) return json;
    const value = typeof json === 'string' ? type.values[json] : undefined;
    if (value === undefined) this.#refuse(path, type, json);
    return value;
  }

  #refuse(path: string, expected: Type | Enum | string, json: unknown): void {
    const type =
      typeof expected === 'string'
        ? expected
        : `type.googleapis.com/${expected.fullName.slice(1)}`;
    this.report(
      path === ''
        ? `Invalid JSON payload received. Expected an object, got: ${excerpt(json)}.`
        : `Invalid value at '${path}' (${type}), ${excerpt(json)}`,
    );
  }
}

const wellKnown: Readonly<Record<string, (text: string) => unknown>> = {
  '.google.protobuf.Duration': parseDuration,
  '.google.protobuf.FieldMask': parseFieldMask,
  '.google.protobuf.Timestamp': parseTimestamp,
};

const own = <T>(record: Readonly<Record<string, T>>, name: string) =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** A field by its name in camel or snake case. */
export const fieldOf = (type: Type, name: string): Field | undefined =>
  own(type.fields, name) ?? own(type.fields, camelCase(name));

const takenOneOf = (
  fields: MessageFields,
  { partOf, name }: Field,
): string | undefined => {
  const others: OneOf['oneof'] = partOf?.oneof ?? [];
  return others.find((other) => other !== name && other in fields);
};

/** Enough of a wrong value to find it by. */
const excerpt = (json: unknown): string => {
  const text = JSON.stringify(json);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
};

const INTEGER = /^-?\d{1,20}$/;

/** `size` in bits; numbers may come as strings, and 64 bits stay a string because a number loses some. */
const readInteger = (
  json: unknown,
  size: 32 | 64,
  signed: boolean,
): number | string | undefined => {
  if (typeof json !== 'number' && typeof json !== 'string') return undefined;
  if (typeof json === 'number' && !Number.isSafeInteger(json)) return undefined;
  if (!INTEGER.test(String(json))) return undefined;
  const value = BigInt(json);
  const fits = signed
    ? BigInt.asIntN(size, value)
    : BigInt.asUintN(size, value);
  if (fits !== value) return undefined;
  return size === 32 ? Number(value) : value.toString();
};

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

const readScalar = (type: string, json: unknown): unknown => {
  switch (type) {
    case 'string':
      return typeof json === 'string' ? json : undefined;
    case 'bytes':
      return typeof json === 'string' && BASE64.test(json)
        ? Buffer.from(json, 'base64')
        : undefined;
    case 'bool':
      return typeof json === 'boolean'
        ? json
        : json === 'true' || json === 'false'
          ? json === 'true'
          : undefined;
    case 'double':
    case 'float':
      return typeof json === 'number' ||
        (typeof json === 'string' && json !== '' && !Number.isNaN(Number(json)))
        ? Number(json)
        : undefined;
    default:
      return readInteger(
        json,
        type.endsWith('64') ? 64 : 32,
        !type.startsWith('u') && !type.startsWith('f'),
      );
  }
};
