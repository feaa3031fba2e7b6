import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { dashboardSchema } from '../dashboard/schema.ts';

await writeFile(
  join(import.meta.dirname, '../dashboard/src/api/schema.d.ts'),
  dashboardSchema(),
);
