/** Whether a person may take a seat, both by number. */
export type MayTake = (seat: number, person: number) => boolean;

/**
 * For each seat the person who takes it, or undefined; a person takes one seat at most. No other assignment fills more
 * seats, and the same question has the same answer. Maximum bipartite matching by augmenting paths (H. W. Kuhn, 1955).
 */
export function match(seats: number, people: number, mayTake: MayTake): readonly (number | undefined)[] {
  const seatOf = new Map<number, number>();
  for (let seat = 0; seat < seats; seat++) findPlace(seat, { people, mayTake, seatOf, asked: new Set() });
  const personOf = new Map([...seatOf].map(([person, seat]) => [seat, person]));
  return Array.from({ length: seats }, (_, seat) => personOf.get(seat));
}

interface Search {
  readonly people: number;
  readonly mayTake: MayTake;
  readonly seatOf: Map<number, number>;
  /** People who were asked to move on this path, so that nobody is asked twice. */
  readonly asked: Set<number>;
}

/** Seats somebody, moving those who sit there already as long as each finds another seat. */
function findPlace(seat: number, search: Search): boolean {
  const { people, mayTake, seatOf, asked } = search;
  for (let person = 0; person < people; person++) {
    if (asked.has(person) || !mayTake(seat, person)) continue;
    asked.add(person);
    const taken = seatOf.get(person);
    if (taken === undefined || findPlace(taken, search)) {
      seatOf.set(person, seat);
      return true;
    }
  }
  return false;
}
