// An operator whose states are objects, for cliffs.ts.

export interface State {
  readonly n: number;
  readonly sum: number;
}

export const identity: State = { n: 0, sum: 0 };
export const accumulate = (s: State, x: number): State => ({ n: s.n + 1, sum: s.sum + x });
export const combine = (a: State, b: State): State => ({ n: a.n + b.n, sum: a.sum + b.sum });
export const finish = (s: State): number => s.sum / s.n;
