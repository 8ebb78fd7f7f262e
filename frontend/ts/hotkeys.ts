import { $, $$, isLocked, isTyping } from './core.ts';
import type { Composer } from './composer.ts';
import { composing, letter } from './keys.ts';
import type { List } from './list.ts';

/**
 * Single keys, never inside fields, while composing, or with a modifier. Pages add their own: data-hotkey="e" on a
 * button, link or field is pressed, followed or focused. "G" then a letter follows the link with that data-nav-key.
 */

const OFF = 'maru-hotkeys-off';
const CHORD = 900;
let chord = 0;

const list = () => $<List>('m-list');
const composer = () => $<Composer>('m-composer');

const keys: Record<string, () => boolean | void> = {
  j: () => list()?.move(1),
  k: () => list()?.move(-1),
  x: () => list()?.toggle(),
  r: () => composer()?.write('reply'),
  n: () => composer()?.write('note'),
  '/': () => $('.search input:not([type="hidden"])')?.focus() ?? palette(true),
  '?': () => sheet(),
  '[': () => $('#navtoggle')?.click(),
  ']': () => $('[data-drawer]')?.click(),
};

function palette(searching = false): void {
  document.dispatchEvent(new CustomEvent('maru:palette', { detail: { searching } }));
}

function sheet(): void {
  $<HTMLDialogElement>('#hotkeys')?.showModal();
}

function press(name: string): boolean {
  const all = $$(`[data-hotkey="${CSS.escape(name)}"]`);
  // What stands in a closed menu can be pressed; what else is hidden is not offered now.
  const target = all.find(one => one.offsetParent !== null) ?? all.find(one => one.closest('[popover]') && one.matches('.menu-item'));
  if (!target) return false;
  if (target.matches('input, select, textarea')) target.focus();
  else target.click();
  return true;
}

/** The next pane for F6: rail, views, list, conversation, details. */
function nextPane(back: boolean): void {
  const panes = $$('.rail, .views, .subnav, .list, .thread, .aside, main.page, .board').filter(pane => pane.offsetParent);
  const now = panes.findIndex(pane => pane.contains(document.activeElement));
  const next = panes[(now + (back ? -1 : 1) + panes.length) % panes.length];
  if (!next) return;
  const target = next.matches('[tabindex]') ? next : $('a[href], button, input, [tabindex="0"]', next);
  target?.focus();
}

document.addEventListener('keydown', event => {
  const name = letter(event);
  const target = event.target as HTMLElement;
  if (isLocked()) return;
  if (event.key === 'F6') {
    event.preventDefault();
    nextPane(event.shiftKey);
    return;
  }
  if ((event.metaKey || event.ctrlKey) && !event.shiftKey && !event.altKey && name === 'k') {
    // Inside the editor ⌘K is the link.
    if (target.isContentEditable) return;
    event.preventDefault();
    palette();
    return;
  }
  if (event.key === 'Escape') {
    escape(target);
    return;
  }
  if (composing(event) || event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return;
  if (document.querySelector('dialog[open]') || localStorage.getItem(OFF)) return;
  if (chord && event.timeStamp - chord < CHORD) {
    chord = 0;
    const link = $<HTMLAnchorElement>(`[data-nav-key="${CSS.escape(name)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  if (name === 'g') {
    chord = event.timeStamp;
    return;
  }
  if (target.closest('.kcard') && /^(Enter| |Arrow)/.test(event.key)) return;
  if (press(name)) {
    event.preventDefault();
    return;
  }
  if (name === 'Enter' && target.matches('.row')) list()?.open();
  const run = keys[name];
  if (run) {
    event.preventDefault();
    run();
  }
});

function escape(target: HTMLElement): void {
  if (document.querySelector('dialog[open], [popover]:popover-open')) return;
  const drawer = $('.drawer[data-open]');
  if (drawer) {
    $('[data-drawer]', drawer)?.click();
    return;
  }
  if (target.closest('m-composer')) {
    target.blur();
    list()?.move(0);
  } else if (list()?.selecting) {
    list()?.clear();
  } else if (isTyping(target)) {
    target.blur();
  }
}

document.addEventListener('click', event => {
  if (!(event.target as Element).closest('[data-hotkeys]')) return;
  $('#me')?.hidePopover?.();
  sheet();
});

const toggle = $<HTMLInputElement>('[data-hotkeys-off]');
if (toggle) {
  toggle.checked = !localStorage.getItem(OFF);
  toggle.addEventListener('change', () => {
    if (toggle.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, '1');
  });
}
