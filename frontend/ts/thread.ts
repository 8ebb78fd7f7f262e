import { $, onContent, t } from './core.ts';

// [data-stick]: a scrolling conversation that stays at its end while the reader is there, and else says what is new.

const NEAR = 90;

function stick(box: HTMLElement): void {
  box.dataset.ready = '';
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  const toEnd = () => box.scrollTo({ top: box.scrollHeight, behavior: 'instant' });
  const count = () => box.querySelectorAll('.msg').length;
  let pinned = true;
  let known = count();
  const pill = document.createElement('button');
  pill.type = 'button';
  pill.className = 'btn btn-sm btn-primary new-pill';
  pill.hidden = true;
  pill.addEventListener('click', () => {
    toEnd();
    pill.hidden = true;
  });
  box.after(pill);
  box.addEventListener('scroll', () => {
    pinned = atEnd();
    if (pinned) {
      known = count();
      pill.hidden = true;
    }
  });
  const settle = () => {
    if (pinned) {
      toEnd();
      known = count();
      return;
    }
    const fresh = count() - known;
    pill.hidden = fresh <= 0;
    pill.textContent = t('new_items', { n: Math.max(0, fresh) });
  };
  new MutationObserver(settle).observe(box, { childList: true, subtree: true });
  new ResizeObserver(() => {
    if (pinned) toEnd();
  }).observe(box.firstElementChild ?? box);
  const unread = $('[data-first-unread]', box);
  if (unread) unread.scrollIntoView({ block: 'start' });
  else toEnd();
}

onContent(root => {
  for (const box of root.querySelectorAll<HTMLElement>('[data-stick]:not([data-ready])')) stick(box);
});
