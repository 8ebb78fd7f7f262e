import { $ } from './core.ts';

// The desk's panes: what follows when htmx has put another ticket beside the list.

function settle(): void {
  const panes = $('#panes');
  const main = $('#main');
  if (!panes || !main) return;
  const open = main.dataset.ticket;
  panes.classList.toggle('page-ticket', Boolean(open));
  panes.classList.toggle('page-list', !open);
  if (main.dataset.title) {
    const site = document.title.split(' · ').slice(-1)[0] ?? 'Maru';
    document.title = `${main.dataset.title} · ${site}`;
  }
  // The list refreshes itself by an address that names the open ticket.
  for (const part of document.querySelectorAll<HTMLElement>('[data-live-url*="current="]')) {
    part.dataset.liveUrl = part.dataset.liveUrl!.replace(/current=[^&]*/, `current=${open ?? ''}`);
  }
}

document.addEventListener('htmx:after:swap', event => {
  const target = event.target as Element;
  if (target.id === 'main' || target.closest('#panes') || target === document.body) settle();
});

// Narrow screens show the list or the ticket: back to the list is an ordinary page.
addEventListener('popstate', () => requestAnimationFrame(settle));

// A search's address names only what was filled in.
document.addEventListener('formdata', event => {
  const form = event.target as HTMLFormElement;
  if (!form.matches('.criteria, .search-form')) return;
  const data = (event as FormDataEvent).formData;
  for (const name of new Set(data.keys())) if (data.getAll(name).every(value => value === '')) data.delete(name);
});

// The "move to" menu of a card is made when it is asked for: two hundred of them would be most of the page.
document.addEventListener('click', event => {
  const button = (event.target as Element).closest<HTMLElement>('[data-move-menu]');
  const card = button?.closest<HTMLElement>('.kcard');
  const template = $<HTMLTemplateElement>('#move-menu');
  if (!button || !card || !template) return;
  event.preventDefault();
  let menu = $('.menu', card);
  if (!menu) {
    menu = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
    menu.id = `move-${card.dataset.no}`;
    button.setAttribute('popovertarget', menu.id);
    card.append(menu);
  }
  for (const choice of menu.querySelectorAll<HTMLButtonElement>('[data-move]')) {
    choice.disabled = choice.dataset.move === card.parentElement?.dataset.stage;
  }
  menu.showPopover();
  menu.querySelector<HTMLElement>('.menu-item:not([disabled])')?.focus();
});

// While somebody holds a card the columns stand still; what was missed comes when it is put down.
document.addEventListener(
  'maru:event',
  () => {
    const columns = $('#columns');
    if (!columns?.dataset.live || !$('.lifted, .kghost', columns)) return;
    columns.dataset.held = columns.dataset.live;
    columns.dataset.live = '';
  },
  true,
);

function letGo(): void {
  const columns = $('#columns');
  if (!columns?.dataset.held || $('.lifted, .kghost', columns)) return;
  columns.dataset.live = columns.dataset.held;
  delete columns.dataset.held;
  document.dispatchEvent(new CustomEvent('maru:resync', { detail: {} }));
}
for (const name of ['dragend', 'pointerup', 'keyup']) document.addEventListener(name, () => setTimeout(letGo, 300));
