// Package records is the pages of the application's records: a table's list, one record, the forms
// that make and change one, what is done to many at once, and what is taken away as a file.
//
// A handler is a method of [Pages] and answers a [frame.Visit]. The visit carries everything that
// it may use: the table of the address, the data as its person may see it, what the program says of
// the table, and the rights in it. A handler gets the table's name from nowhere else and opens no
// other source, so it cannot reach what the person may not. What it returns as an error becomes a
// page in frame.
//
// # From a request to a page
//
//   - List, filter: an address is a data.Query, and a query is an address. What forms without
//     JavaScript send is rewritten into that form first.
//   - Record, value: a row as a page shows it, with the rows that refer to it.
//   - Entry, form, links: one filling-in of a form, from the record to the fields and from what was
//     sent to a data.Input. Edit makes and changes a record by it; once sees to it that a form sent
//     twice makes one record, conflict shows both versions where two people changed one.
//   - Bulk, action, delete: what is asked about before it is done. The question has a token; the
//     confirmation is refused if other rows would be met by now.
//   - Choices: what a reference can refer to.
//   - Export, download: rows and files are spooled at the database's speed and sent at the
//     browser's.
//   - Keep: what was entered stays on the page that says why it could not be taken.
package records
