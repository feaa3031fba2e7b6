import { migrationStatus } from '../../schema/check.ts';
import type { Check, Finding } from '../check.ts';
import { counted } from '../text.ts';

/** Every migration of this version is applied. */
export const schemaCheck: Check = {
  name: 'schema',
  needs: ['database'],
  run: async ({ query }) => {
    const { applied, pending, unknown } = await migrationStatus(query);
    const findings: Finding[] = [
      pending.length > 0
        ? {
            level: 'broken',
            message: `The schema lacks ${counted(pending.length, 'migration')}: ${pending.join(', ')}.`,
            remedy: 'nightshift migrate',
          }
        : {
            level: 'ok',
            message: `The schema is current, with ${counted(applied.length, 'migration')}.`,
          },
    ];
    if (unknown.length > 0)
      findings.push({
        level: 'note',
        message: `A newer version has migrated further: ${unknown.join(', ')}.`,
      });
    return findings;
  },
};
