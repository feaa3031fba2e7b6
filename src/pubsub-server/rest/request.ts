import type { Type } from 'protobufjs';

import { invalidArgument } from '../errors.ts';
import { fieldOf, JsonReader, type MessageFields } from './json-reader.ts';
import type { Route } from './routes.ts';

/** What every Google API takes beside a method's own parameters: https://cloud.google.com/apis/docs/system-parameters */
const SYSTEM_PARAMETERS: ReadonlySet<string> = new Set([
  'access_token',
  'alt',
  'callback',
  'fields',
  'key',
  'oauth_token',
  'prettyPrint',
  'quotaUser',
  'upload_protocol',
  'uploadType',
]);

const isSystemParameter = (name: string): boolean =>
  name.startsWith('$') || SYSTEM_PARAMETERS.has(name);

interface Place {
  readonly type: Type;
  readonly fields: MessageFields;
}

/** The message that a path of fields leads into, made on the way where it is not there yet. */
const enter = (place: Place, path: readonly string[]): Place | undefined => {
  let current = place;
  for (const name of path) {
    const field = fieldOf(current.type, name);
    const type = field?.resolvedType;
    if (!field || !type || 'values' in type || field.repeated || field.map)
      return undefined;
    current.fields[field.name] ??= {};
    current = { type, fields: current.fields[field.name] as MessageFields };
  }
  return current;
};

const bindQuery = (
  reader: JsonReader,
  request: Place,
  query: URLSearchParams,
): void => {
  for (const name of new Set(query.keys())) {
    if (isSystemParameter(name)) continue;
    const path = name.split('.');
    const last = path.pop() ?? '';
    const place = enter(request, path);
    const field = place && fieldOf(place.type, last);
    const values = query.getAll(name);
    if (!field)
      reader.report(
        `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
      );
    else if (field.repeated)
      reader.field(place.fields, field, values, path.join('.'));
    else if (values.length > 1)
      reader.report(
        `Invalid JSON payload received. Unknown name "${name}": Proto field is not repeating, cannot start list.`,
      );
    else reader.field(place.fields, field, values[0], path.join('.'));
  }
};

const bindBody = (
  reader: JsonReader,
  { requestType, body }: Route,
  json: unknown,
): MessageFields => {
  if (json === undefined) return {};
  // Where the annotation has no body, Google's client sends an empty string.
  if (body === undefined && json === '') return {};
  const field = fieldOf(requestType, body ?? '*');
  if (field === undefined) return reader.message(requestType, json);
  const fields: MessageFields = {};
  reader.field(fields, field, json, '');
  return fields;
};

/**
 * The encoded request of an HTTP request: its body, its query parameters over that, and what the path names over both.
 *
 * @param variable what the path gives, percent-encoded
 * @param json undefined without a body
 * @throws PubSubError INVALID_ARGUMENT in the service's words
 */
export const readRestRequest = (
  route: Route,
  variable: string,
  query: URLSearchParams,
  json: unknown,
): Buffer => {
  const reader = new JsonReader();
  const { requestType: type } = route;
  const request: Place = { type, fields: bindBody(reader, route, json) };
  bindQuery(reader, request, query);
  const path = [...route.variable];
  const name = path.pop() ?? '';
  const place = enter(request, path);
  if (place) place.fields[name] = decodePath(variable);
  if (reader.violations.length > 0)
    throw invalidArgument(reader.violations.join('\n'));
  return Buffer.from(type.encode(type.fromObject(request.fields)).finish());
};

const decodePath = (variable: string): string => {
  try {
    return decodeURIComponent(variable);
  } catch {
    throw invalidArgument(
      `Invalid resource name given (name=${variable}): expected percent-encoded UTF-8.`,
    );
  }
};
