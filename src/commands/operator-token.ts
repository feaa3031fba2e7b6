import { createHash, randomBytes } from 'node:crypto';

import { Command, InvalidArgumentError } from 'commander';

import { type OperatorRight, operatorRights } from '../config.ts';

interface Options {
  readonly name: string;
  readonly rights: readonly OperatorRight[];
}

const rights = (given: string): OperatorRight[] => {
  if (given === 'all') return [...operatorRights];
  return given.split(',').map((name) => {
    const right = operatorRights.find((known) => known === name.trim());
    if (right) return right;
    throw new InvalidArgumentError(
      `expected rights among ${operatorRights.join(', ')}, or all; got: ${name}`,
    );
  });
};

const make = ({ name, rights }: Options): void => {
  const token = randomBytes(32).toString('base64url');
  const sha256 = createHash('sha256').update(token).digest('hex');
  console.log(`token, shown this once:   ${token}`);
  console.log(
    `into the list OPERATORS:  ${JSON.stringify({ name, sha256, rights })}`,
  );
};

/** `nightshift operator-token`: makes a token for one operator. */
export const operatorTokenCommand = (): Command =>
  new Command('operator-token')
    .description(
      'make a token for one operator, with rights of their own; changes nothing',
    )
    .requiredOption('--name <name>', 'who it is, for the audit log')
    .option(
      '--rights <list>',
      `what they may do, with commas between: ${operatorRights.join(', ')}; or all`,
      rights,
      ['read'],
    )
    .addHelpText(
      'after',
      `
The token is random, and only its SHA-256 belongs into the environment of the API:
OPERATORS='[{"name":"ana","sha256":"…","rights":["read","redrive"]}]'. read sees everything, with what people
wrote hidden in payloads; reveal sees it, and the audit log keeps what. OPERATOR_SECRET is a token with every
right, and whose it is says x-operator.

Examples:
  nightshift operator-token --name ana
  nightshift operator-token --name ben --rights read,redrive,resolve`,
    )
    .action(make);
