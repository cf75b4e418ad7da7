/** Invented people whose clear values no test may ever find outside the database. */
export const people = [
  { id: 1, name: "Ada", email: "ada.canary-0417@example.com", card: "4111111111111111", city: "Ulm" },
  { id: 2, name: "Bo", email: "bo.canary-0934@example.org", card: "5555555555554444", city: "Bonn" },
  { id: 3, name: "Cem", email: "cem.canary-7731@example.net", card: "378282246310005", city: "Jena" },
] as const;

export const secretValues: readonly string[] = people.flatMap(({ email, card }) => [email, card]);

export const schema = `
create table customers (id int primary key, name text, email text, card text, city text);
insert into customers values
${people.map((one) => `  (${one.id}, '${one.name}', '${one.email}', '${one.card}', '${one.city}')`).join(",\n")};
create table orders (id int primary key, note text);
`;
