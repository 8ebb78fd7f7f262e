import { $ } from './core.ts';

// The page address of a company that signs up: suggested from its name, checked while it is typed.
// <m-address data-check="URL"> around the field "slug"; the form's field "company" gives the name.

const PAUSE = 300;

interface Answer {
  ok?: boolean;
  text?: string;
  suggestion?: string;
}

class Address extends HTMLElement {
  private timer = 0;
  private own = false;

  connectedCallback(): void {
    const slug = $<HTMLInputElement>('input[name="slug"]', this);
    if (!slug) return;
    this.own = slug.value !== '';
    slug.addEventListener('input', () => {
      this.own = slug.value !== '';
      this.later(() => this.check(slug));
    });
    const company = slug.form?.elements.namedItem('company') as HTMLInputElement | null;
    company?.addEventListener('input', () => {
      if (!this.own) this.later(() => this.suggest(company, slug));
    });
  }

  private later(run: () => Promise<void>): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void run(), PAUSE);
  }

  private async ask(name: string, value: string): Promise<Answer> {
    try {
      const answer = await fetch(`${this.dataset['check']}?${new URLSearchParams({ [name]: value })}`);
      return (await answer.json()) as Answer;
    } catch {
      return {};
    }
  }

  private async suggest(company: HTMLInputElement, slug: HTMLInputElement): Promise<void> {
    const { suggestion } = await this.ask('name', company.value);
    if (this.own || suggestion === undefined) return;
    slug.value = suggestion;
    if (suggestion.length > 1) await this.check(slug);
    else this.show({});
  }

  private async check(slug: HTMLInputElement): Promise<void> {
    const asked = slug.value;
    const answer = asked ? await this.ask('slug', asked) : {};
    if (slug.value === asked) this.show(answer);
  }

  private show(answer: Answer): void {
    const line = $('[data-answer]', this);
    if (!line) return;
    line.textContent = answer.text ?? '';
    line.hidden = !answer.text;
    line.className = answer.ok ? 'good' : 'err';
  }
}

customElements.define('m-address', Address);
