import { type Challenge, most, solveRange } from './solve.ts';

const scope = self as unknown as { onmessage: (event: MessageEvent<Challenge>) => void; postMessage: (n: unknown) => void };

scope.onmessage = event => scope.postMessage(solveRange(event.data, 0, most(event.data)));
