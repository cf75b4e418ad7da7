/** Invented people. The card numbers are those that card networks publish for tests. */
export const customers = [
  { name: "Ada Brandt", email: "ada.brandt@example.com", card: "4111111111111111", city: "Hamburg" },
  { name: "Bola Adeyemi", email: "bola@example.org", card: "5555555555554444", city: "Lagos" },
  { name: "Chen Wei", email: "chen.wei@example.net", card: "378282246310005", city: "Taipei" },
  { name: "Dagny Holm", email: "dagny.holm@example.com", card: "6011111111111117", city: "Bergen" },
  { name: "Emil Ferrer", email: "emil@example.org", card: "4012888888881881", city: "Valencia" },
] as const;

/** The whole table as one SQL text. */
export const seed = `
create table customers (
  id int generated always as identity primary key,
  name text not null, email text not null, card text not null, city text not null
);
insert into customers (name, email, card, city) values
${customers.map((person) => `  ('${[person.name, person.email, person.card, person.city].join("', '")}')`).join(",\n")};
`;
