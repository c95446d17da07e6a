/**
 * The same for names of one environment. GitHub: "Environment names are not case sensitive"; how an accent is composed
 * is nothing that a person could see either.
 */
export function foldEnvironment(name: string): string {
  // By way of the capitals: the long s and the Kelvin sign have small letters that are not theirs alone.
  return name.normalize("NFC").toUpperCase().toLowerCase();
}
