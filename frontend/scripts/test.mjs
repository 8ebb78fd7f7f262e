// Builds the tests with Vite (no type stripping needed from Node) and runs them with Node's own runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'vite';

const root = join(import.meta.dirname, '..');
const out = mkdtempSync(join(tmpdir(), 'maru-frontend-tests-'));
const tests = readdirSync(join(root, 'ts', 'tests')).filter(file => file.endsWith('.test.ts'));

await build({
  configFile: false,
  root,
  logLevel: 'error',
  build: {
    ssr: true,
    outDir: out,
    emptyOutDir: true,
    rolldownOptions: {
      input: Object.fromEntries(tests.map(file => [basename(file, '.ts'), join(root, 'ts', 'tests', file)])),
      output: { entryFileNames: '[name].mjs' },
    },
  },
});
const files = tests.map(file => join(out, `${basename(file, '.ts')}.mjs`));
const { status } = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' });
rmSync(out, { recursive: true });
process.exit(status ?? 1);
