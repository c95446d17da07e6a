/** Where it is kept who brought a head: the first delivery about it says so. */
export function pusherName(repositoryId: number, head: string): string {
  return `pusher/${repositoryId}/${head}`;
}
