// Copies third-party files this project carries: font subsets and icon drawings.
//   node scripts/vendor.mjs                refresh what is here
//   node scripts/vendor.mjs anchor truck   add Lucide icons
// The packages are installed into a temporary folder, so that `npm ci` stays small.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = ['pretendard@1.3.9', 'pretendard-jp@1.3.9', 'lucide-static@1.62.0', '@twemoji/svg@15.0.0'];
const FONTS = [
  { pkg: 'pretendard', css: 'pretendardvariable-dynamic-subset.css', out: 'ko' },
  { pkg: 'pretendard-jp', css: 'pretendardvariable-jp-dynamic-subset.css', out: 'ja' },
];
// The avatars to choose from; the same list as AVATAR_EMOJI in maru.ui.atoms.
const EMOJI = '🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🦉🦆🐢🐳🐬🦭🐙🦋🌵🌲🍀🌻🍎🍋🍑🫐🥑🥐🍙🍵⛵🚲🎈🎧🎨🧩🪁🌙';
const root = join(import.meta.dirname, '..');

function fetchPackages() {
  const given = process.env.VENDOR_MODULES;
  if (given) return { modules: given, done: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'maru-vendor-'));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...PACKAGES], { cwd: folder, stdio: 'inherit' });
  return { modules: join(folder, 'node_modules'), done: () => rmSync(folder, { recursive: true }) };
}

function fonts(modules) {
  for (const { pkg, css, out } of FONTS) {
    const from = join(modules, pkg, 'dist', 'web', 'variable');
    const to = join(root, 'fonts', out);
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    cpSync(join(from, 'woff2-dynamic-subset'), join(to, 'woff2'), { recursive: true });
    const sheet = readFileSync(join(from, css), 'utf8').replaceAll('./woff2-dynamic-subset/', './woff2/');
    writeFileSync(join(to, 'fonts.css'), sheet);
    cpSync(join(modules, pkg, 'dist', 'LICENSE.txt'), join(to, 'OFL.txt'));
  }
}

function icons(modules, added) {
  const to = join(root, 'icons');
  mkdirSync(to, { recursive: true });
  const here = readdirSync(to).filter(f => f.endsWith('.svg')).map(f => f.slice(0, -4));
  for (const name of new Set([...here, ...added])) {
    const file = join(modules, 'lucide-static', 'icons', `${name}.svg`);
    if (!existsSync(file)) throw new Error(`"${name}" is not a Lucide icon`);
    const drawing = readFileSync(file, 'utf8').replace(/<!--.*?-->/gs, '').replace(/\s+/g, ' ').replace(/> </g, '>\n<');
    writeFileSync(join(to, `${name}.svg`), `${drawing.trim()}\n`);
  }
  cpSync(join(modules, 'lucide-static', 'LICENSE'), join(to, 'LICENSE'));
}

function emoji(modules) {
  const to = join(root, 'img', 'emoji');
  mkdirSync(to, { recursive: true });
  for (const sign of EMOJI) {
    const name = `${sign.codePointAt(0).toString(16)}.svg`;
    cpSync(join(modules, '@twemoji', 'svg', name), join(to, name));
  }
  const credit = 'Twemoji graphics, https://github.com/jdecked/twemoji, licensed under CC-BY 4.0.';
  writeFileSync(join(to, 'CREDITS.txt'), `${credit}\nhttps://creativecommons.org/licenses/by/4.0/\n`);
}

const { modules, done } = fetchPackages();
if (process.argv.length === 2) {
  fonts(modules);
  emoji(modules);
}
icons(modules, process.argv.slice(2));
done();
