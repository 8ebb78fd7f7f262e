import type { Composer } from './composer.ts';
import { $, $$, get, reason, Refused, say, t, toast } from './core.ts';
import { composing } from './keys.ts';
import { score } from './match.ts';
import { placeAgain } from './menus.ts';

interface Template {
  id: string;
  name: string;
  note: string;
}

/** The HTML of a prepared answer with its codes filled in; `url` may carry the ticket as a query. */
export async function templateHtml(url: string, id: string): Promise<string> {
  const [path, query = ''] = url.split('?');
  let response: Response;
  try {
    response = await get(`${path}/${id}?${query}`);
  } catch {
    throw new Refused(0, t('net_error'));
  }
  if (!response.ok) throw new Refused(response.status, response.status === 404 ? t('gone') : await reason(response));
  return ((await response.json()) as { html: string }).html;
}

/**
 * <m-templates data-url>: the popover that lists prepared answers. Typing narrows it, arrows walk (menus.ts), Enter in
 * the field takes the first; what is taken goes into the composer of the page.
 */
class Templates extends HTMLElement {
  private all: Template[] = [];

  connectedCallback(): void {
    this.setAttribute('hx-morph-skip', '');
    this.addEventListener('toggle', event => {
      if ((event as ToggleEvent).newState === 'open') void this.open();
    });
    this.addEventListener('input', () => this.draw());
    this.addEventListener('click', event => {
      const item = (event.target as Element).closest<HTMLElement>('[data-id]');
      if (item) void this.take(item.dataset.id!);
    });
    this.addEventListener('keydown', event => this.key(event));
  }

  private get field(): HTMLInputElement {
    return $<HTMLInputElement>('input', this)!;
  }

  private get url(): string {
    return this.dataset.url ?? '';
  }

  private async open(): Promise<void> {
    this.field.value = '';
    this.field.focus();
    try {
      const response = await get(this.url);
      this.all = response.ok ? ((await response.json()) as { items: Template[] }).items : [];
    } catch {
      toast(t('net_error'), { danger: true });
    }
    this.draw();
    placeAgain(this);
  }

  private key(event: KeyboardEvent): void {
    if (composing(event) || event.key !== 'Enter' || event.target !== this.field) return;
    // The field stands inside the form of the composer: Enter must not send it.
    event.preventDefault();
    $('[data-id]', this)?.click();
  }

  private draw(): void {
    const typed = this.field.value.replace(/^\//, '');
    const found = this.all
      .map(each => ({ each, rank: Math.max(score(typed, each.name), each.note ? score(typed, each.note) : 0) }))
      .filter(({ rank }) => rank > 0)
      .sort((a, b) => b.rank - a.rank);
    $('[data-list]', this)!.replaceChildren(...found.map(({ each }) => item(each)));
    $('[data-none]', this)!.hidden = found.length > 0;
    if (found.length === 0) say($('[data-none]', this)!.textContent ?? '');
  }

  private async take(id: string): Promise<void> {
    this.hidePopover();
    try {
      const given = $$<HTMLInputElement>('input[name="name"], input[name="title"]', this.closest('form') ?? document);
      const known = new URLSearchParams(given.map(each => [each.name === 'name' ? 'customer' : each.name, each.value]));
      const mark = this.url.includes('?') ? '&' : '?';
      const html = await templateHtml(`${this.url}${mark}${known}`, id);
      await this.closest<Composer>('m-composer')?.insert(html);
    } catch (problem) {
      toast((problem as Error).message, { danger: true });
    }
  }
}
customElements.define('m-templates', Templates);

function item({ id, name, note }: Template): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'menu-item';
  button.dataset.id = id;
  const label = document.createElement('span');
  label.className = 'truncate';
  label.textContent = name;
  const code = document.createElement('span');
  code.className = 'end text-12 text-ink-3';
  code.textContent = note ? `/${note}` : '';
  button.append(label, code);
  return button;
}
