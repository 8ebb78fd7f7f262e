import { $, $$ } from './core.ts';

// Popover menus: placed beside their button, flipped when short of room, walked with arrow keys.

let opener: HTMLElement | null = null;

document.addEventListener(
  'pointerdown',
  event => (opener = (event.target as Element).closest<HTMLElement>('[popovertarget]')),
  true,
);

function invokerOf(menu: HTMLElement): HTMLElement | null {
  const own = `[popovertarget="${menu.id}"]`;
  if (opener?.matches(own)) return opener;
  if (document.activeElement?.matches(own)) return document.activeElement as HTMLElement;
  return $$(own).find(button => button.offsetParent) ?? $(own);
}

function place(menu: HTMLElement, button: HTMLElement): void {
  const box = button.getBoundingClientRect();
  const below = box.bottom + 6;
  const fits = below + menu.offsetHeight <= innerHeight;
  const top = fits ? below : Math.max(8, box.top - menu.offsetHeight - 6);
  const left = Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8));
  menu.style.top = `${top}px`;
  menu.style.left = `${left}px`;
}

/** A menu whose content has come late finds its place anew. */
export function placeAgain(menu: HTMLElement): void {
  const button = invokerOf(menu);
  if (button) place(menu, button);
}

document.addEventListener(
  'beforetoggle',
  event => {
    const menu = event.target as HTMLElement;
    if (!menu.matches?.('.menu[popover]')) return;
    const button = invokerOf(menu);
    const open = (event as ToggleEvent).newState === 'open';
    button?.setAttribute('aria-expanded', String(open));
    if (open && button) requestAnimationFrame(() => place(menu, button));
  },
  true,
);

document.addEventListener('keydown', event => {
  const menu = (event.target as HTMLElement).closest?.('.menu');
  const button = (event.target as HTMLElement).closest?.<HTMLElement>('[popovertarget]');
  if (!menu && button && event.key === 'ArrowDown') {
    const target = document.getElementById(button.getAttribute('popovertarget')!);
    target?.showPopover();
    $('.menu-item', target ?? document)?.focus();
    event.preventDefault();
    return;
  }
  if (!menu || !/^(Arrow(Up|Down)|Home|End)$/.test(event.key)) return;
  if ((event.target as HTMLElement).matches('textarea, select')) return;
  const items = $$('.menu-item, input', menu).filter(item => item.offsetParent);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const step = event.key === 'ArrowDown' ? 1 : -1;
  const next = event.key === 'Home' ? 0 : event.key === 'End' ? items.length - 1 : at + step;
  items[(next + items.length) % items.length]?.focus();
  event.preventDefault();
});
