import { type Challenge, most, payload, solveRange } from './solve.ts';

// Solves a challenge without blocking the page: in a worker, or in slices where workers are not to be had.

function inWorker(challenge: Challenge): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./pow-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<number | undefined>) => {
      resolve(event.data);
      worker.terminate();
    };
    worker.onerror = event => {
      reject(new Error(event.message));
      worker.terminate();
    };
    worker.postMessage(challenge);
  });
}

async function inSlices(challenge: Challenge): Promise<number | undefined> {
  const slice = 4000;
  for (let from = 0; from <= most(challenge); from += slice) {
    const found = solveRange(challenge, from, Math.min(from + slice - 1, most(challenge)));
    if (found !== undefined) return found;
    await new Promise(resolve => setTimeout(resolve));
  }
  return undefined;
}

/** The text for the form's hidden field. Throws when the challenge has no solution. */
export async function prove(challenge: Challenge): Promise<string> {
  if (challenge.algorithm.toUpperCase() !== 'SHA-256') throw new Error(challenge.algorithm);
  const started = performance.now();
  const number = await inWorker(challenge).catch(() => inSlices(challenge));
  if (number === undefined) throw new Error('no solution');
  return payload(challenge, number, Math.round(performance.now() - started));
}
