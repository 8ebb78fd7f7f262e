import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import tailwind from '@tailwindcss/vite';
import { type Plugin, defineConfig } from 'vite';

const ROOT = import.meta.dirname;
const SOURCES = join(ROOT, '..', 'src', 'maru');
const ICONS = join(ROOT, 'icons');
const SKIPPED = new Set(['dist', 'tests', 'locale', '__pycache__', 'migrations']);
const DRAWING = 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"';

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesUnder(join(folder, entry.name));
    return ['.py', '.html', '.ts'].includes(extname(entry.name)) ? [join(folder, entry.name)] : [];
  });
}

/** Every quoted word that is the name of a vendored icon: generous, but a sprite of 3 kB forgives that. */
function usedIcons(): string[] {
  const known = new Set(readdirSync(ICONS).filter(f => f.endsWith('.svg')).map(f => f.slice(0, -4)));
  const used = new Set<string>();
  for (const file of [...filesUnder(SOURCES), ...filesUnder(join(ROOT, 'ts'))]) {
    for (const match of readFileSync(file, 'utf8').matchAll(/["'`]([a-z0-9]+(?:-[a-z0-9]+)*)["'`]/g)) {
      if (known.has(match[1]!)) used.add(match[1]!);
    }
  }
  return [...used].sort();
}

function symbol(name: string): string {
  const drawing = readFileSync(join(ICONS, `${name}.svg`), 'utf8').replace(/<svg[^>]*>/, '').replace('</svg>', '');
  return `<symbol id="${name}" ${DRAWING}>${drawing.replace(/\n/g, '').replace(/ \/>/g, '/>').trim()}</symbol>`;
}

/** One cached SVG file with the icons that templates and code name (tests/test_icons.py refuses unknown names). */
function sprite(): Plugin {
  return {
    name: 'maru-sprite',
    generateBundle() {
      const body = usedIcons().map(symbol).join('');
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${body}</svg>`;
      this.emitFile({ type: 'asset', name: 'sprite.svg', originalFileName: 'sprite.svg', source });
      for (const file of readdirSync(join(ROOT, 'img'), { recursive: true }) as string[]) {
        if (extname(file) !== '.svg') continue;
        const picture = readFileSync(join(ROOT, 'img', file));
        const name = file.replaceAll('\\', '/');
        this.emitFile({ type: 'asset', name: name.split('/').pop(), originalFileName: `img/${name}`, source: picture });
      }
    },
  };
}

/**
 * Brotli and gzip beside each text file: WhiteNoise sends what the browser takes and compresses nothing itself.
 * Done when the files are written: before that Vite has not put its last words into them.
 */
function compressed(): Plugin {
  return {
    name: 'maru-compressed',
    writeBundle(options, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!['.js', '.css', '.svg'].includes(extname(name))) continue;
        const file = join(options.dir!, name);
        const bytes = readFileSync(file);
        if (bytes.length < 400) continue;
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  root: ROOT,
  base: '/static/',
  publicDir: false,
  plugins: [tailwind(), sprite(), compressed()],
  build: {
    outDir: join(SOURCES, 'ui', 'dist'),
    // A server that is running now still answers with the files it knows; assets/build.py removes them a day later.
    emptyOutDir: false,
    manifest: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: [
        'ts/agent.ts',
        'ts/public.ts',
        'css/agent.css',
        'css/public.css',
        'css/fonts-ko.css',
        'css/fonts-ja.css',
      ].map(file => join(ROOT, file)),
    },
  },
});
