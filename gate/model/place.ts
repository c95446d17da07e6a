/** Where something stands: a path from the repository's root, line and column from 1. */
export interface Place {
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
}
