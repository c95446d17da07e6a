/** A part of a GraphQL document, beside others: fields of the query, and the variables that they name. */
export interface Question {
  readonly fields: string;
  /** All of them texts. */
  readonly variables: Readonly<Record<string, string>>;
}

/** How a document declares the variables of a question. */
export function declarationsOf({ variables }: Question): readonly string[] {
  return Object.keys(variables).map((name) => `$${name}: String!`);
}
