import { $, t, toast } from './core.ts';
import type { LiveEvent } from './live-state.ts';

// Desktop notifications while a page is open. Permission is asked for on a click and never by itself.

const off = () => localStorage.getItem('maru-notify') === 'off';

function offer(): void {
  const button = $('[data-notify-ask]');
  if (!button || !('Notification' in window)) return;
  button.hidden = Notification.permission === 'granted' && !off();
  button.addEventListener('click', () => {
    void Notification.requestPermission().then(answer => {
      localStorage.setItem('maru-notify', 'on');
      button.hidden = answer === 'granted';
      toast(t(answer === 'granted' ? 'notify_on' : 'notify_denied'));
    });
  });
}

/** Live events of kind "notice" carry title, body and url of what concerns this person. One tab shows them. */
document.addEventListener('maru:event', event => {
  const told = (event as CustomEvent<LiveEvent & { leader: boolean }>).detail;
  if (!told.kind.startsWith('notice') || !told.leader || typeof told.title !== 'string') return;
  if (!('Notification' in window) || Notification.permission !== 'granted' || off()) return;
  if (document.hasFocus()) return;
  const shown = new Notification(told.title, {
    body: typeof told.body === 'string' ? told.body : '',
    tag: `maru-${told.id ?? told.title}`,
    lang: document.documentElement.lang,
  });
  shown.addEventListener('click', () => {
    window.focus();
    if (typeof told.url === 'string' && told.url.startsWith('/')) location.href = told.url;
    shown.close();
  });
});

offer();
