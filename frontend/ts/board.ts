import { $, $$, post, Refused, say, t, toast } from './core.ts';
import { moveCard, moveFocus, type Place } from './grid.ts';

interface Home {
  list: HTMLElement;
  next: Element | null;
}

/**
 * <m-board data-url="/desk/ab/board/move">: cards are dragged (SortableJS, a lazy chunk) or moved by keyboard:
 * Space lifts, arrows move, Space drops, Escape puts back. Columns are [data-stage], cards .kcard[data-no].
 * Posts ticket, stage, before, after (ticket numbers of the neighbours); a refusal puts the card back with its reason.
 */
export class Board extends HTMLElement {
  private lifted: HTMLElement | undefined;
  private home: Home | undefined;

  connectedCallback(): void {
    this.addEventListener('keydown', event => this.key(event));
    this.addEventListener('click', event => this.chosen(event));
    document.addEventListener('htmx:after:swap', () => {
      if (this.isConnected) this.settle();
    });
    this.settle();
    void import('sortablejs').then(({ default: Sortable }) => {
      for (const list of this.lists) {
        new Sortable(list, {
          group: 'board',
          animation: 140,
          draggable: '.kcard',
          ghostClass: 'kghost',
          chosenClass: 'lifted',
          delay: 160,
          delayOnTouchOnly: true,
          fallbackTolerance: 4,
          onStart: event => (this.home = { list: event.from, next: event.item.nextElementSibling }),
          onEnd: event => {
            const home = this.home!;
            this.home = undefined;
            if (event.from !== event.to || event.oldIndex !== event.newIndex) this.save(event.item, home);
          },
        });
      }
    });
  }

  get lists(): HTMLElement[] {
    return $$('[data-stage]', this);
  }

  private cards(list: Element): HTMLElement[] {
    return $$('.kcard', list);
  }

  private place(card: HTMLElement): Place {
    const list = card.parentElement!;
    return { column: this.lists.indexOf(list), row: this.cards(list).indexOf(card) };
  }

  private key(event: KeyboardEvent): void {
    const card = event.target as HTMLElement;
    if (!card.matches('.kcard')) return;
    if (this.step(event.key, card)) event.preventDefault();
  }

  private step(key: string, card: HTMLElement): boolean {
    const up = this.lifted === card;
    if (key === ' ') {
      if (up) this.drop();
      else this.lift(card);
      return true;
    }
    if (key === 'Enter' && !up) {
      $<HTMLAnchorElement>('a[href]', card)?.click();
      return true;
    }
    if (key === 'Escape' && up) {
      this.putBack();
      return true;
    }
    const sizes = this.lists.map(list => this.cards(list).length);
    const next = (up ? moveCard : moveFocus)(key, this.place(card), sizes);
    if (!next) return up && /^Arrow/.test(key);
    const list = this.lists[next.column]!;
    if (!up) {
      this.focusCard(this.cards(list)[next.row]);
      return true;
    }
    const others = this.cards(list).filter(other => other !== card);
    list.insertBefore(card, others[next.row] ?? null);
    this.focusCard(card);
    this.tell(card);
    return true;
  }

  private focusCard(card: HTMLElement | undefined): void {
    if (!card) return;
    for (const other of this.cards(card.parentElement!)) other.tabIndex = -1;
    card.tabIndex = 0;
    this.settle();
    card.focus();
    card.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private lift(card: HTMLElement): void {
    if (this.lifted) this.drop();
    this.lifted = card;
    this.home = { list: card.parentElement!, next: card.nextElementSibling };
    card.classList.add('lifted');
    say(t('picked', { card: this.nameOf(card) }));
  }

  private drop(): void {
    const card = this.lifted!;
    const home = this.home!;
    this.release();
    if (home.list !== card.parentElement || home.next !== card.nextElementSibling) this.save(card, home);
    else say(t('cancelled'));
  }

  private putBack(): void {
    const card = this.lifted!;
    this.home!.list.insertBefore(card, this.home!.next);
    this.release();
    this.focusCard(card);
    say(t('cancelled'));
  }

  private release(): void {
    this.lifted?.classList.remove('lifted');
    this.lifted = undefined;
    this.home = undefined;
    this.settle();
  }

  /** "Move to" in a card's menu: <button data-move="stage">. */
  private chosen(event: MouseEvent): void {
    const button = (event.target as Element).closest<HTMLElement>('[data-move]');
    const card = button?.closest<HTMLElement>('.kcard');
    const list = button && this.lists.find(one => one.dataset.stage === button.dataset.move);
    if (!card || !list || list === card.parentElement) return;
    event.preventDefault();
    const home = { list: card.parentElement!, next: card.nextElementSibling };
    button.closest<HTMLElement>('[popover]')?.hidePopover();
    list.prepend(card);
    this.focusCard(card);
    this.save(card, home);
  }

  private nameOf(card: HTMLElement): string {
    return card.dataset.label ?? card.dataset.no ?? '';
  }

  private titleOf(list: Element): string {
    return $('h2', list.closest('.col') ?? list)?.textContent?.trim() ?? '';
  }

  private tell(card: HTMLElement): void {
    const list = card.parentElement!;
    const cards = this.cards(list);
    const args = { card: this.nameOf(card), col: this.titleOf(list), n: cards.indexOf(card) + 1, all: cards.length };
    say(t('moved', args));
    this.settle();
  }

  /** Counts in the heads, and one card of each column in the tab order (a scrolling list must be reachable). */
  private settle(): void {
    for (const list of this.lists) {
      const cards = this.cards(list);
      const count = $('[data-n]', list.closest('.col') ?? list);
      const more = Number(count?.dataset.more ?? 0);
      if (count) count.textContent = String(cards.length + more);
      const chosen = cards.find(card => card === document.activeElement) ?? cards.find(card => card.tabIndex === 0) ?? cards[0];
      for (const card of cards) card.tabIndex = card === chosen ? 0 : -1;
    }
  }

  private save(card: HTMLElement, home: Home, undoing = false): void {
    this.settle();
    const list = card.parentElement!;
    const here: Home = { list, next: card.nextElementSibling };
    const back = () => {
      home.list.insertBefore(card, home.next?.parentElement === home.list ? home.next : null);
      this.settle();
    };
    const number = (element: Element | null) => (element as HTMLElement | null)?.dataset.no ?? '';
    const body = new URLSearchParams({
      ticket: card.dataset.no ?? '',
      stage: list.dataset.stage ?? '',
      before: number(card.nextElementSibling),
      after: number(card.previousElementSibling),
      version: card.dataset.version ?? '',
    });
    card.setAttribute('aria-busy', 'true');
    post(this.dataset.url!, body)
      .then(async response => {
        const told = (await response.json().catch(() => ({}))) as { version?: string | number };
        if (told.version !== undefined) card.dataset.version = String(told.version);
        if (undoing) return void say(t('undone'));
        const undo = () => {
          back();
          this.save(card, here, true);
        };
        toast(t('dropped', { card: this.nameOf(card), col: this.titleOf(list) }), { undo });
      })
      .catch((problem: unknown) => {
        back();
        const reason = problem instanceof Refused ? problem.message : String(problem);
        toast(t('move_failed', { card: this.nameOf(card), reason }), { danger: true, seconds: 9 });
      })
      .finally(() => card.removeAttribute('aria-busy'));
  }
}
customElements.define('m-board', Board);
