import type { Root, Service, Type } from 'protobufjs';

import type { Method } from '../services/method.ts';

/** google.api.HttpRule: https://github.com/googleapis/googleapis/blob/master/google/api/http.proto */
interface HttpRule {
  readonly get?: string;
  readonly put?: string;
  readonly post?: string;
  readonly delete?: string;
  readonly patch?: string;
  readonly body?: string;
}

/** One HTTP request a method answers to. */
export interface Route {
  readonly httpMethod: string;
  /** Of the path as it came, still percent-encoded; its one group is the variable. */
  readonly pattern: RegExp;
  /** The field that the variable sets, as names of fields from the request inwards. */
  readonly variable: readonly string[];
  /** The field that the body is, `*` for the request itself, undefined without body. */
  readonly body: string | undefined;
  readonly requestType: Type;
  readonly responseType: Type;
  readonly method: Method;
}

const VERBS = ['get', 'put', 'post', 'delete', 'patch'] as const;

const escapeRegExp = (text: string): string =>
  text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** `*` is a segment; a colon ends it, because there begins the verb, unless it is percent-encoded. */
const segments = (pattern: string): string =>
  pattern.split('*').map(escapeRegExp).join('[^/:]+');

/** Of the templates that Pub/Sub has: `/v1/{field.path=pattern}rest`. */
const compileTemplate = (
  template: string,
): Pick<Route, 'pattern' | 'variable'> => {
  const match = /^([^{]*)\{([^=]+)=([^}]+)\}(.*)$/.exec(template);
  if (!match)
    throw new Error(
      `expected an HTTP rule like /v1/{name=projects/*/topics/*}, got: ${template}`,
    );
  const [, before = '', path = '', pattern = '', after = ''] = match;
  return {
    // The project is the one part that may hold a colon, as in example.com:project.
    pattern: new RegExp(
      `^${escapeRegExp(before)}(${segments(pattern).replace('projects/[^/:]+', 'projects/[^/]+')})${escapeRegExp(after)}$`,
    ),
    variable: path.split('.'),
  };
};

const httpRules = (options: unknown): HttpRule[] =>
  (Array.isArray(options) ? (options as Record<string, unknown>[]) : [])
    .map((option) => option['(google.api.http)'] as HttpRule | undefined)
    .filter((rule) => rule !== undefined);

const routesOf = (root: Root, method: Method): Route[] => {
  const service: Service = root.lookupService(method.service);
  const reflected = service.methods[method.name];
  const { resolvedRequestType, resolvedResponseType } = reflected ?? {};
  if (!reflected || !resolvedRequestType || !resolvedResponseType)
    throw new Error(
      `expected a method of ${method.service}, got: ${method.name}`,
    );
  return httpRules(reflected.parsedOptions).flatMap((rule) =>
    VERBS.flatMap((verb) => {
      const template = rule[verb];
      return template === undefined
        ? []
        : {
            ...compileTemplate(template),
            httpMethod: verb.toUpperCase(),
            body: rule.body,
            requestType: resolvedRequestType,
            responseType: resolvedResponseType,
            method,
          };
    }),
  );
};

/** The REST surface of methods, as the annotations of their services have it. */
export const restRoutes = (
  root: Root,
  methods: readonly Method[],
): readonly Route[] => methods.flatMap((method) => routesOf(root, method));
