import { $, $$, get, isLocked, say, t } from './core.ts';
import { composing } from './keys.ts';
import { score } from './match.ts';

interface Entry {
  label: string;
  group: string;
  note?: string;
  run: () => void;
}

type Found = { label: string; url: string; note?: string };

/**
 * <m-palette data-search="/desk/ab/tickets" data-json="…">: ⌘K. Pages are the links of the menu and the views, actions
 * whatever carries data-command="words"; data-json (optional) answers {items: [{label, url, note}]} for ?q=.
 */
class Palette extends HTMLElement {
  private dialog: HTMLDialogElement | undefined;
  private entries: Entry[] = [];
  private shown: Entry[] = [];
  private found: Entry[] = [];
  private at = 0;
  private asked = 0;
  private searching = false;

  connectedCallback(): void {
    document.addEventListener('maru:palette', event =>
      this.open(Boolean((event as CustomEvent<{ searching?: boolean }>).detail?.searching)),
    );
    document.addEventListener('click', event => {
      if ((event.target as Element).closest('[data-palette]')) this.open();
    });
  }

  /** `searching`: whoever pressed the key for search gets that with Enter, not a page that happens to be called so. */
  open(searching = false): void {
    if (isLocked()) return;
    this.searching = searching;
    this.dialog ??= this.build();
    this.entries = this.collect();
    this.input.value = '';
    this.found = [];
    this.dialog.showModal();
    this.draw();
  }

  private get input(): HTMLInputElement {
    return $<HTMLInputElement>('input', this.dialog!)!;
  }

  private build(): HTMLDialogElement {
    const dialog = document.createElement('dialog');
    dialog.className = 'palette';
    dialog.setAttribute('aria-label', this.dataset.label ?? '');
    const head = document.createElement('div');
    head.className = 'palette-in';
    const input = document.createElement('input');
    input.type = 'text';
    input.placeholder = this.dataset.placeholder ?? '';
    for (const [name, value] of Object.entries({
      role: 'combobox',
      'aria-expanded': 'true',
      'aria-controls': 'palette-list',
      'aria-autocomplete': 'list',
      'aria-label': this.dataset.placeholder ?? '',
      autocomplete: 'off',
      spellcheck: 'false',
    })) {
      input.setAttribute(name, value);
    }
    const esc = document.createElement('span');
    esc.className = 'kbd';
    esc.textContent = 'Esc';
    esc.setAttribute('aria-hidden', 'true');
    head.append(input, esc);
    const list = document.createElement('div');
    list.className = 'palette-list';
    list.id = 'palette-list';
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', this.dataset.label ?? '');
    dialog.append(head, list);
    input.addEventListener('input', () => {
      this.at = 0;
      this.draw();
      void this.ask(input.value);
    });
    input.addEventListener('keydown', event => this.key(event));
    list.addEventListener('click', event => {
      const option = (event.target as Element).closest<HTMLElement>('[data-at]');
      if (option) this.choose(Number(option.dataset.at));
    });
    this.append(dialog);
    return dialog;
  }

  private collect(): Entry[] {
    const pages = $$<HTMLAnchorElement>('.rail a.nav, .views a.view, .subnav a.view').map(link => ({
      label: $('span', link)?.textContent?.trim() ?? link.textContent!.trim(),
      group: this.dataset.pages ?? '',
      run: () => link.click(),
    }));
    const actions = $$('[data-command]').map(button => ({
      label: button.dataset.command!,
      group: this.dataset.actions ?? '',
      note: button.dataset.hotkey?.toUpperCase(),
      run: () => (button.matches('input, select') ? button.focus() : button.click()),
    }));
    const seen = new Set<string>();
    return [...pages, ...actions].filter(({ label }) => label && !seen.has(label) && seen.add(label));
  }

  private async ask(query: string): Promise<void> {
    const url = this.dataset.json;
    const turn = ++this.asked;
    if (!url || query.trim().length < 2) {
      this.found = [];
      return;
    }
    await new Promise(resolve => setTimeout(resolve, 180));
    if (turn !== this.asked) return;
    const mark = url.includes('?') ? '&' : '?';
    const response = await get(`${url}${mark}q=${encodeURIComponent(query)}`).catch(() => undefined);
    if (!response?.ok || turn !== this.asked) return;
    const { items = [] } = (await response.json()) as { items?: Found[] };
    this.found = items.slice(0, 6).map(item => ({
      label: item.label,
      note: item.note,
      group: this.dataset.found ?? '',
      run: () => (location.href = item.url),
    }));
    this.draw();
  }

  private draw(): void {
    const query = this.input.value;
    const fitting = this.entries
      .map(entry => ({ entry, fit: score(query, entry.label) }))
      .filter(({ fit }) => fit > 0)
      .sort((a, b) => (query ? b.fit - a.fit : 0))
      .map(({ entry }) => entry)
      .slice(0, 12);
    this.shown = [...fitting, ...this.found];
    const search = this.dataset.search;
    if (search && query.trim()) {
      const url = `${search}${search.includes('?') ? '&' : '?'}q=${encodeURIComponent(query.trim())}`;
      const label = t('palette_search', { q: query.trim() });
      const entry = { label, group: this.dataset.found ?? '', run: () => (location.href = url) };
      if (this.searching) this.shown.unshift(entry);
      else this.shown.push(entry);
    }
    this.at = Math.min(this.at, Math.max(0, this.shown.length - 1));
    const list = $('.palette-list', this.dialog!)!;
    list.replaceChildren();
    let group = '';
    this.shown.forEach((entry, at) => {
      if (entry.group !== group) {
        group = entry.group;
        const title = document.createElement('h3');
        title.textContent = group;
        title.setAttribute('role', 'presentation');
        list.append(title);
      }
      list.append(this.option(entry, at));
    });
    if (this.shown.length === 0) {
      const none = document.createElement('p');
      none.className = 'hint p-3';
      none.textContent = t('palette_none', { q: query });
      list.append(none);
    }
    this.mark(false);
  }

  private option(entry: Entry, at: number): HTMLElement {
    const option = document.createElement('div');
    option.id = `palette-${at}`;
    option.setAttribute('role', 'option');
    option.dataset.at = String(at);
    const label = document.createElement('span');
    label.className = 'truncate';
    label.textContent = entry.label;
    option.append(label);
    if (entry.note) {
      const note = document.createElement('span');
      note.className = 'end';
      note.textContent = entry.note;
      option.append(note);
    }
    return option;
  }

  private mark(speak: boolean): void {
    for (const option of $$('[role="option"]', this.dialog!)) {
      const on = Number(option.dataset.at) === this.at;
      option.setAttribute('aria-selected', String(on));
      if (on) option.scrollIntoView({ block: 'nearest' });
    }
    this.input.setAttribute('aria-activedescendant', this.shown.length ? `palette-${this.at}` : '');
    if (speak) say(this.shown[this.at]?.label ?? '');
  }

  private key(event: KeyboardEvent): void {
    if (composing(event)) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const count = this.shown.length;
      if (count) this.at = (this.at + (event.key === 'ArrowDown' ? 1 : -1) + count) % count;
      this.mark(false);
    } else if (event.key === 'Enter') this.choose(this.at);
    else return;
    event.preventDefault();
  }

  private choose(at: number): void {
    const entry = this.shown[at];
    if (!entry) return;
    this.dialog!.close();
    entry.run();
  }
}
customElements.define('m-palette', Palette);
