// Package data is how a program says what the panel shows of its database, and what its hooks
// and the panel exchange when a record is written.
//
// # What is shown
//
// A [Config] says which tables are shown, which columns are secret, and how single tables and
// columns look. Its zero value shows every table and masks the columns whose names speak of a
// secret: see [DefaultMasked]. A masked column is never read, filtered, sorted or searched;
// pages say only whether it has a value.
//
// # What is written
//
// [Hooks] are the program's own code in the transaction of a write, which they get as a [Tx].
// They see a row as [Values] and set columns as [Field]. A [FieldError] says which field of a
// record is wrong, and is shown beside it.
//
// The panel itself reads and writes the database in internal/data.
package data
