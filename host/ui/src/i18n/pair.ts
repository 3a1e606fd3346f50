/** The same members with any text in them. */
export type Widened<T> = { [K in keyof T]: T[K] extends string ? string : Widened<T[K]> };

/** Texts of a page in both languages: the second has every member of the first, or nothing compiles. */
export function pair<const E>(en: E, zh: Widened<E>): { en: Widened<E>; zh: Widened<E> } {
  return { en: en as Widened<E>, zh };
}
