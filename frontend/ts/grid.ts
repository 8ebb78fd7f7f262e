// Where a card goes when an arrow key is pressed on the board; pure, so that it can be tested without a page.

export interface Place {
  column: number;
  row: number;
}

/** The next place for a lifted card; `sizes` are cards per column with the lifted one counted where it is. */
export function moveCard(key: string, at: Place, sizes: number[]): Place | undefined {
  const last = (sizes[at.column] ?? 1) - 1;
  if (key === 'ArrowUp') return at.row > 0 ? { ...at, row: at.row - 1 } : undefined;
  if (key === 'ArrowDown') return at.row < last ? { ...at, row: at.row + 1 } : undefined;
  if (key === 'Home') return at.row > 0 ? { ...at, row: 0 } : undefined;
  if (key === 'End') return at.row < last ? { ...at, row: last } : undefined;
  const column = at.column + (key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0);
  if (column === at.column || column < 0 || column >= sizes.length) return undefined;
  return { column, row: Math.min(at.row, sizes[column]!) };
}

/** The card that gets the focus; empty columns are stepped over. */
export function moveFocus(key: string, at: Place, sizes: number[]): Place | undefined {
  if (!/^Arrow(Left|Right)$/.test(key)) return moveCard(key, at, sizes);
  const step = key === 'ArrowRight' ? 1 : -1;
  for (let column = at.column + step; column >= 0 && column < sizes.length; column += step) {
    if (sizes[column]! > 0) return { column, row: Math.min(at.row, sizes[column]! - 1) };
  }
  return undefined;
}
