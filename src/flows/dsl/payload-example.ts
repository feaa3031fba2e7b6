import { z } from 'zod';

import type { AnyFlow } from './definition.ts';

/** The parts of a JSON schema that say what a value looks like. */
interface Shape {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly prefixItems?: readonly Shape[];
}

/** Deeper than anybody fills in by hand; schemas that hold themselves end here, too. */
const deepest = 6;

const blank: Readonly<Record<string, unknown>> = {
  string: '',
  number: 0,
  integer: 0,
  boolean: false,
};

const exampleOf = (shape: Shape, depth = 0): unknown => {
  if (depth > deepest) return null;
  if ('const' in shape) return shape.const;
  if ('default' in shape) return shape.default;
  if (shape.enum) return shape.enum[0] ?? null;
  const [first] = shape.anyOf ?? shape.oneOf ?? [];
  if (first) return exampleOf(first, depth + 1);
  if (shape.allOf) {
    const parts = shape.allOf.map((part) => exampleOf(part, depth + 1));
    return parts.every((part) => part !== null && typeof part === 'object')
      ? Object.assign({}, ...parts)
      : parts[0];
  }
  const type = typeof shape.type === 'string' ? shape.type : shape.type?.[0];
  if (type === 'object')
    return Object.fromEntries(
      Object.entries(shape.properties ?? {})
        .filter(([name]) => shape.required?.includes(name))
        .map(([name, property]) => [name, exampleOf(property, depth + 1)]),
    );
  if (type === 'array')
    return (shape.prefixItems ?? []).map((item) => exampleOf(item, depth + 1));
  return blank[type ?? ''] ?? null;
};

/**
 * What a signal to a step that waits may look like, as JSON for a person to fill in: every field that has to be there,
 * with nothing said (`false`, `0`, an empty text) or its first choice.
 *
 * @returns `undefined` if the step declares nothing, or what JSON cannot describe
 */
export const payloadExample = (
  flow: AnyFlow,
  step: string,
): string | undefined => {
  const work = flow.steps.find(({ planned }) => planned.name === step)?.work;
  if (work?.kind !== 'wait' || !work.payload) return undefined;
  const shape = z.toJSONSchema(work.payload, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
  }) as Shape;
  return JSON.stringify(exampleOf(shape), undefined, 2);
};
