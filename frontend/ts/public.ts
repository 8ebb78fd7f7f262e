import './core.ts';
import './late.ts';
