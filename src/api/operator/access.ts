import { timingSafeEqual } from 'node:crypto';

import { type OperatorRight, operatorRights } from '../../config.ts';
import { ApiError } from '../errors.ts';
import { digestOf, sameSecret } from '../secrets.ts';

/** An operator with a token of their own, as the environment names them. */
export interface ConfiguredOperator {
  /** As the audit log keeps it. */
  readonly name: string;
  /** SHA-256 of the token, in hexadecimal. */
  readonly sha256: string;
  readonly rights: readonly OperatorRight[];
}

/** What operators prove themselves by; nothing is closed to all. */
export interface OperatorAccess {
  /** A token with every right; who uses it says their name in `x-operator`. @default none */
  readonly operatorSecret?: string | undefined;
  /** @default none */
  readonly operators?: readonly ConfiguredOperator[] | undefined;
}

/** Somebody who proved to be an operator. */
export interface OperatorCaller {
  readonly kind: 'operator';
  /** Their own name, or what `x-operator` says; not validated. */
  readonly name: unknown;
  readonly rights: ReadonlySet<OperatorRight>;
}

/** Whether anybody can prove to be an operator. */
export const isOpen = ({
  operatorSecret,
  operators,
}: OperatorAccess): boolean =>
  Boolean(operatorSecret) || (operators ?? []).length > 0;

/**
 * Whose token it is; `undefined` if it is nobody's. Every token is compared, in constant time, so that
 * the time tells neither how much of one was right nor whose it could have been.
 *
 * @param name what `x-operator` says; counts only where the token has no name of its own.
 */
export const findOperator = (
  token: string,
  name: unknown,
  { operatorSecret, operators = [] }: OperatorAccess,
): OperatorCaller | undefined => {
  const digest = digestOf(token);
  let found: OperatorCaller | undefined;
  if (operatorSecret && sameSecret(token, operatorSecret))
    found = { kind: 'operator', name, rights: new Set(operatorRights) };
  for (const operator of operators)
    if (timingSafeEqual(digest, Buffer.from(operator.sha256, 'hex')))
      found = {
        kind: 'operator',
        name: operator.name,
        rights: new Set(operator.rights),
      };
  return found;
};

/** @throws ApiError FORBIDDEN unless the operator has the right, or one of several. */
export const requireRight = (
  { rights }: OperatorCaller,
  right: OperatorRight | readonly OperatorRight[],
): void => {
  const any = [right].flat();
  if (any.some((each) => rights.has(each))) return;
  throw new ApiError(
    'FORBIDDEN',
    `expected an operator with the right ${any.map((each) => `"${each}"`).join(' or ')}, got one who has: ${[...rights].join(', ') || 'none'}; rights are given in OPERATORS`,
    { right: any.join(' or ') },
  );
};

/** Why operators' things are closed, or what to send. @throws ApiError always */
export const refuseOperator = (access: OperatorAccess): never => {
  throw isOpen(access)
    ? new ApiError(
        'UNAUTHENTICATED',
        'expected Authorization: Bearer <token of an operator>, got another token or none; this is for operators',
      )
    : new ApiError(
        'CLOSED',
        'what operators see and do is closed because neither OPERATOR_SECRET nor OPERATORS is set; ' +
          'set one (nightshift operator-token makes a token) and start the API again',
      );
};
