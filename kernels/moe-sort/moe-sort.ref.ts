/** Experts of the slots -> slots of each expert, and the tiles (expert, first place, slots) over them in order. */
export function moeSortRef(
  slots: readonly number[],
  experts: number,
  height: number,
): { lists: number[][]; tiles: Array<[expert: number, first: number, count: number]> } {
  const lists = Array.from({ length: experts }, (_, e) => slots.flatMap((own, i) => (own === e ? [i] : [])));
  const tiles: Array<[number, number, number]> = [];
  let place = 0;
  lists.forEach((list, e) => {
    for (let i = 0; i < list.length; i += height) {
      tiles.push([e, place + i, Math.min(height, list.length - i)]);
    }
    place += list.length;
  });
  return { lists, tiles };
}
