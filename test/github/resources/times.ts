/** RFC 3339 in whole seconds, as GitHub writes it. */
export function instant(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

export function instantOrNull(date: Date | null | undefined): string | null {
  return date === null || date === undefined ? null : instant(date);
}
