import 'htmx.org';
import './core.ts';
import './late.ts';
