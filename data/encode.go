package data

// This file writes exports as CSV and JSON.

import "io"

// CSV writes comma-separated values (RFC 4180, with LF) with a line of column names. Blobs are base64; NULL is empty. A
// text that a spreadsheet would take for a formula, beginning with = + - @, a tab or a CR, gets ' before it.
func CSV(w io.Writer) RowWriter { return nil }

// JSON writes an array of one object a row.
func JSON(w io.Writer) RowWriter { return nil }

// JSONLines writes one object a line.
func JSONLines(w io.Writer) RowWriter { return nil }
