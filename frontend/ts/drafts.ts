import { post, t } from './core.ts';

export interface Draft {
  mode: string;
  body: string;
  format: 'text' | 'html';
  at?: number;
}

const PREFIX = 'maru-draft:';
const KEEP = 30 * 24 * 3600 * 1000;

/** Drafts in this browser at once, and on the server after a pause; each says through `tell` where it stands. */
export class Drafts {
  private readonly key: string;
  private readonly url: string;
  private readonly tell: (text: string) => void;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(key: string, url: string, tell: (text: string) => void) {
    this.key = PREFIX + key;
    this.url = url;
    this.tell = tell;
  }

  load(): Draft | undefined {
    try {
      const draft = JSON.parse(localStorage.getItem(this.key) ?? 'null') as Draft | null;
      return draft && Date.now() - (draft.at ?? 0) < KEEP ? draft : undefined;
    } catch {
      return undefined;
    }
  }

  keep(draft: Draft): void {
    clearTimeout(this.timer);
    if (isEmpty(draft.body)) {
      this.drop();
      if (this.url) this.timer = setTimeout(() => void this.send(draft), 1500);
      return;
    }
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...draft, at: Date.now() }));
    } catch {
      // A full or forbidden store: the server's copy has to do.
    }
    if (this.url) this.timer = setTimeout(() => void this.send(draft), 3000);
    else this.timer = setTimeout(() => this.tell(t('draft_local')), 1000);
  }

  drop(): void {
    clearTimeout(this.timer);
    try {
      localStorage.removeItem(this.key);
    } catch {
      // Nothing was kept.
    }
    this.tell('');
  }

  private async send(draft: Draft): Promise<void> {
    try {
      await post(this.url, new URLSearchParams({ mode: draft.mode, body: draft.body, format: draft.format }));
      this.tell(isEmpty(draft.body) ? '' : t('draft_saved'));
    } catch {
      this.tell(t('draft_local'));
    }
  }
}

/** Whether nothing but empty paragraphs is in it. An image counts as something. */
export function isEmpty(body: string): boolean {
  if (/<img\b/i.test(body)) return false;
  return body.replace(/<[^>]*>/g, '').replace(/&nbsp;/g, ' ').trim() === '';
}
