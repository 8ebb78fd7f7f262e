import { signedOut, t, toast } from './core.ts';

// htmx puts error answers into the page like any other (which is right for forms with errors). A whole error page or
// the sign-in page inside a list is not: then the page stays as it is and a notice says what happened.

interface Context {
  request: { headers: Record<string, string> };
  response: { status: number; raw: Response; headers: Headers };
  text: string;
  select?: string;
  target?: Element;
}

const SIGN_IN = '/sign-in';

const isDocument = (text: string): boolean => /^\s*<!doctype html/i.test(text);

function reason(status: number): string {
  if (status === 403) return t('forbidden');
  if (status === 404) return t('gone');
  return t('server_error', { status });
}

let told = 0;

function tell(text: string): void {
  if (Date.now() - told < 4000) return;
  told = Date.now();
  toast(text, { danger: true, seconds: 9 });
}

document.addEventListener('htmx:after:request', event => {
  const { ctx } = (event as CustomEvent<{ ctx: Context }>).detail;
  const { status, raw } = ctx.response;
  const live = ctx.request.headers['X-Live'] === '1';
  if (status === 401) {
    event.preventDefault();
    signedOut(raw.headers);
    return;
  }
  if (live && status >= 400) {
    event.preventDefault();
    return;
  }
  if (!isDocument(ctx.text ?? '') || ctx.target === document.body) return;
  if (raw.redirected && !ctx.select) {
    event.preventDefault();
    // Led to the sign-in page: what was typed here must not be lost. Led elsewhere: follow.
    if (new URL(raw.url).pathname.startsWith(SIGN_IN)) tell(t('session_over'));
    else location.href = raw.url;
  } else if (status >= 400) {
    event.preventDefault();
    tell(t('action_failed', { reason: reason(status) }));
  }
});

document.addEventListener('htmx:error', event => {
  const { ctx } = (event as CustomEvent<{ ctx?: Context }>).detail;
  if (ctx?.request.headers['X-Live'] !== '1') tell(t('net_error'));
});
