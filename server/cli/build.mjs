/**
 * Builds the web app with Vite, only when something that goes into it has changed.
 * What the build does is client/web/vite.config.ts's business.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { step } from './progress.mjs';
import { lastLines, nodeEnvironment, runLogged } from './run.mjs';
import { SetupError } from './setupError.mjs';
import { hashOf, isCurrent, removeStamp, writeStamp } from './stamp.mjs';

/** Everything that can change the built app. */
const inputs = [
  'client/sdk',
  'client/react',
  'client/web',
  'server/protocol',
  'package-lock.json',
  'tsconfig.base.json',
];

/**
 * Brings `client/web/dist` up to date.
 * @throws {SetupError}
 */
export async function buildWebApp() {
  const stamp = join(repositoryRoot, 'node_modules', '.parley-web-built');
  const hash = await hashOf(repositoryRoot, inputs, (path) => !/\.test\.tsx?$|(^|\/)e2e\//.test(path));
  const isBuilt = await access(join(repositoryRoot, 'client/web/dist/index.html')).then(
    () => true,
    () => false,
  );
  if (isBuilt && (await isCurrent(stamp, hash))) return;
  await removeStamp(stamp);
  await step('Building the web app', async () => {
    // What the app is built for does not depend on the environment of the one who builds it.
    const env = { ...nodeEnvironment(), NODE_ENV: 'production' };
    const vite = join(repositoryRoot, 'node_modules/vite/bin/vite.js');
    const args = [vite, 'build', '--logLevel', 'warn'];
    const cwd = join(repositoryRoot, 'client/web');
    const { code, output, log } = await runLogged('web-build', process.execPath, args, { cwd, env });
    if (code !== 0) {
      throw new SetupError(
        `The web app could not be built:\n${lastLines(output, 20)}`,
        `If you changed the app, mend what is named there. Log: ${log}`,
      );
    }
  });
  await writeStamp(stamp, hash);
}
