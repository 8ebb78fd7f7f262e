import { $ } from './core.ts';

// A form that waited for a proof goes on by itself; without scripts it has a button.
$<HTMLFormElement>('form[data-go-on]')?.requestSubmit();
