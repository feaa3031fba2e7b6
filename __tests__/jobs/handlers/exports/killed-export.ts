import { createDataSource } from '../../../../src/data-source.ts';
import { generateExport } from '../../../../src/jobs/handlers/exports/generate.ts';
import { FolderStorage } from '../../../../src/storage/folder.ts';
import { jobContext } from './job-context.ts';

/** Generates an export of several pages and kills its own process once two of them were read. */
const [url, folder, exportId] = process.argv.slice(2) as [
  string,
  string,
  string,
];
const con = await createDataSource({ url, poolSize: 2 }).initialize();
const storage = new FolderStorage({
  folder,
  linkBase: 'http://127.0.0.1',
  linkSecret: 'a-secret-of-16-characters',
});
let pages = 0;
const context = jobContext(con, {
  onProgress: () => {
    pages += 1;
    if (pages === 2) process.kill(process.pid, 'SIGKILL');
  },
});
await generateExport(exportId, context, { storage });
