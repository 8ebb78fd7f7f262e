import { $$, setCookie } from './core.ts';

// The theme changes at once; without scripts the same form goes to the server.

document.addEventListener('submit', event => {
  const form = event.target as HTMLFormElement;
  if (!form.matches('[data-theme-switch]')) return;
  const chosen = (event as SubmitEvent).submitter as HTMLButtonElement | null;
  if (!chosen?.value) return;
  event.preventDefault();
  document.documentElement.dataset.theme = chosen.value;
  setCookie('theme', chosen.value);
  for (const button of $$<HTMLButtonElement>('[data-theme-switch] button')) {
    button.setAttribute('aria-pressed', String(button.value === chosen.value));
  }
});
