import { $, $$, setCookie, t } from './core.ts';

// The frame of the desk: the menu that expands, the drawer with details, the progress bar.

function toggleNav(button: HTMLElement): void {
  const shell = $('#shell')!;
  const open = shell.dataset.nav !== 'open';
  shell.dataset.nav = open ? 'open' : 'closed';
  button.setAttribute('aria-expanded', String(open));
  const label = $('span', button);
  if (label) label.textContent = t(open ? 'collapse' : 'expand');
  setCookie('nav', open ? '1' : '0');
}

/** Beside the conversation on wide screens, over it on narrow ones. */
function toggleDrawer(id: string): void {
  const drawer = document.getElementById(id);
  if (!drawer) return;
  const wide = matchMedia('(min-width: 75rem)').matches;
  const open = wide ? !drawer.toggleAttribute('data-closed') : drawer.toggleAttribute('data-open');
  for (const button of $$('.drawer-toggle')) button.setAttribute('aria-expanded', String(open));
  if (open) drawer.focus();
  else $('.drawer-toggle')?.focus();
}

document.addEventListener('click', event => {
  const target = event.target as Element;
  const nav = target.closest<HTMLElement>('#navtoggle');
  if (nav) toggleNav(nav);
  const drawer = target.closest<HTMLElement>('[data-drawer]');
  if (drawer) toggleDrawer(drawer.dataset.drawer!);
});

// On a phone the settings' menu is one line that scrolls: begin it at the page one is on.
$('.subnav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

// A select or checkbox that saves itself: data-autosubmit sends its form.
document.addEventListener('change', event => {
  const field = event.target as HTMLElement;
  if (field.matches('[data-autosubmit]')) (field as HTMLInputElement).form?.requestSubmit();
});
