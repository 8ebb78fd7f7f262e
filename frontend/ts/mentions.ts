import type { SuggestionKeyDownProps, SuggestionOptions, SuggestionProps } from '@tiptap/suggestion';
import { get, say, t } from './core.ts';
import { composing } from './keys.ts';

export interface Person {
  id: string;
  label: string;
  note?: string;
}

type Raw = { id: string | number; name?: string; label?: string; note?: string };

/** People for a query, from {items: […]} or a plain list. */
export async function people(url: string, query: string): Promise<Person[]> {
  if (!url) return [];
  const mark = url.includes('?') ? '&' : '?';
  try {
    const response = await get(`${url}${mark}q=${encodeURIComponent(query)}`);
    if (!response.ok) return [];
    const told = (await response.json()) as Raw[] | { items?: Raw[] };
    const items = Array.isArray(told) ? told : (told.items ?? []);
    return items.slice(0, 8).map(({ id, name, label, note }) => ({ id: String(id), label: label ?? name ?? '', note }));
  } catch {
    return [];
  }
}

/** The list under the cursor: arrows choose, Enter or Tab takes, Escape leaves. Without `none` nothing found shows nothing. */
class SuggestionList {
  private readonly label: string;
  private readonly none: string;
  private readonly box = document.createElement('div');
  private props: SuggestionProps<Person> | undefined;
  private at = 0;

  constructor(label: string, none = '') {
    this.label = label;
    this.none = none;
  }

  start(props: SuggestionProps<Person>): void {
    this.box.className = 'mentions menu';
    this.box.setAttribute('role', 'listbox');
    this.box.setAttribute('aria-label', this.label);
    this.box.addEventListener('pointerdown', event => {
      event.preventDefault();
      const option = (event.target as Element).closest<HTMLElement>('[data-at]');
      if (option) this.take(Number(option.dataset.at));
    });
    document.body.append(this.box);
    this.update(props);
  }

  update(props: SuggestionProps<Person>): void {
    this.props = props;
    this.at = Math.min(this.at, Math.max(0, props.items.length - 1));
    this.draw();
    const rect = props.clientRect?.();
    if (!rect) return;
    const below = rect.bottom + 6;
    const top = below + this.box.offsetHeight > innerHeight ? rect.top - this.box.offsetHeight - 6 : below;
    this.box.style.top = `${Math.max(8, top)}px`;
    this.box.style.left = `${Math.max(8, Math.min(rect.left, innerWidth - this.box.offsetWidth - 8))}px`;
  }

  key({ event }: SuggestionKeyDownProps): boolean {
    const count = this.props?.items.length ?? 0;
    // A key that belongs to an input method chooses nothing, also where only its code tells.
    if (composing(event) || count === 0) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      this.at = (this.at + (event.key === 'ArrowDown' ? 1 : -1) + count) % count;
      this.draw();
      return true;
    }
    if ((event.key === 'Enter' && !event.metaKey && !event.ctrlKey) || event.key === 'Tab') {
      this.take(this.at);
      return true;
    }
    return false;
  }

  end(): void {
    this.box.remove();
    this.at = 0;
  }

  private take(at: number): void {
    const person = this.props?.items[at];
    if (person) this.props?.command(person as never);
  }

  private draw(): void {
    const items = this.props?.items ?? [];
    this.box.replaceChildren(
      ...items.map((person, at) => {
        const option = document.createElement('div');
        option.className = 'menu-item';
        option.setAttribute('role', 'option');
        option.setAttribute('aria-selected', String(at === this.at));
        option.dataset.at = String(at);
        const name = document.createElement('b');
        name.textContent = person.label;
        const note = document.createElement('span');
        note.className = 'end text-12 text-ink-3';
        note.textContent = person.note ?? '';
        option.append(name, note);
        return option;
      }),
    );
    this.box.hidden = items.length === 0 && this.none === '';
    if (items.length === 0) {
      const none = document.createElement('div');
      none.className = 'hint mentions-none';
      none.textContent = this.none;
      this.box.append(none);
    } else {
      say(items[this.at]!.label);
    }
  }
}

type Rendered = ReturnType<NonNullable<SuggestionOptions<Person>['render']>>;

export function suggestionList(label: string, none = ''): Rendered {
  const list = new SuggestionList(label, none);
  return {
    onStart: props => list.start(props),
    onUpdate: props => list.update(props),
    onKeyDown: props => (props.event.key === 'Escape' ? (list.end(), true) : list.key(props)),
    onExit: () => list.end(),
  };
}

export function mentionSuggestion(url: () => string): Omit<SuggestionOptions<Person>, 'editor'> {
  return {
    char: '@',
    allow: () => url() !== '',
    items: ({ query }) => people(url(), query),
    render: () => suggestionList(t('mention_list'), t('mention_none')),
  };
}
