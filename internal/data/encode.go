// This file writes exports as CSV and JSON.

package data

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// exportBuffer is how many bytes are gathered before they are written.
const exportBuffer = 16 << 10

// CSV writes comma-separated values (RFC 4180, lines ending in LF) under a line of column names.
// Blobs are base64; NULL and the empty text are both empty. A text, or a name, that a spreadsheet
// would take for a formula gets ' before it: one that begins with = + - @, also of full width, a
// tab, a CR or a LF. Numbers do not, also where they are text in a column of numbers.
func CSV(w io.Writer) RowWriter {
	out := bufio.NewWriterSize(w, exportBuffer)
	return &csvWriter{out: out, w: csv.NewWriter(out)} // which takes a buffered writer as its own
}

type csvWriter struct {
	out  *bufio.Writer
	w    *csv.Writer // of lines to out
	line []string
}

func (c *csvWriter) Begin(columns []*Column) error {
	c.line = make([]string, len(columns))
	for i, column := range columns {
		c.line[i] = plainCell(strings.ToValidUTF8(column.Name, "\uFFFD"))
	}
	return c.w.Write(c.line)
}

func (c *csvWriter) Row(cells []Value) error {
	for i, cell := range cells {
		if cell.Long() {
			return c.longRow(cells)
		}
		c.line[i] = csvCell(cell)
	}
	return c.w.Write(c.line)
}

// csvCell is a cell before it is quoted.
func csvCell(cell Value) string {
	number := cell.Kind == KindInteger || cell.Kind == KindReal || cell.Kind == KindDecimal
	switch blob, isBlob := cell.Bytes(); {
	case isBlob:
		return base64.StdEncoding.EncodeToString(blob)
	case cell.Storage != StoredText, number && parseNumber(cell.Text) != nil:
		return cell.Text
	}
	return plainCell(cell.Text)
}

// longRow writes a row with a long cell, piece by piece.
func (c *csvWriter) longRow(cells []Value) error {
	for i, cell := range cells {
		if i > 0 {
			if _, err := io.WriteString(c.out, ","); err != nil {
				return err
			}
		}
		var err error
		switch {
		case cell.Long() && cell.Storage == StoredBlob:
			err = cell.base64(c.out)
		case cell.Long():
			err = cell.quoted(c.out)
		default:
			var field bytes.Buffer
			one := csv.NewWriter(&field)
			_ = one.Write([]string{csvCell(cell)}) // a buffer takes everything
			one.Flush()
			_, err = c.out.Write(bytes.TrimSuffix(field.Bytes(), []byte("\n")))
		}
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(c.out, "\n")
	return err
}

// base64 writes a long blob.
func (v Value) base64(w io.Writer) error {
	encoder := base64.NewEncoder(base64.StdEncoding, w)
	if err := v.Pieces(func(piece []byte) error { _, err := encoder.Write(piece); return err }); err != nil {
		return err
	}
	return encoder.Close()
}

// texts reads a long text as valid UTF-8.
func (v Value) texts(yield func(text string) error) error {
	var rest []byte // the beginning of a character that the next piece ends
	err := v.Pieces(func(piece []byte) error {
		rest = append(rest, piece...)
		whole := len(rest)
		for back := 1; back < utf8.UTFMax && back <= len(rest); back++ {
			if at := len(rest) - back; utf8.RuneStart(rest[at]) {
				if !utf8.FullRune(rest[at:]) {
					whole = at
				}
				break
			}
		}
		text := strings.ToValidUTF8(string(rest[:whole]), "\uFFFD")
		rest = append(rest[:0], rest[whole:]...)
		return yield(text)
	})
	if err != nil || len(rest) == 0 {
		return err
	}
	return yield("\uFFFD")
}

// quoted writes a long text as a field of CSV.
func (v Value) quoted(w io.Writer) error {
	if _, err := io.WriteString(w, `"`); err != nil {
		return err
	}
	first := true
	err := v.texts(func(text string) error {
		if first && text != "" {
			text, first = plainCell(text), false
		}
		_, err := io.WriteString(w, strings.ReplaceAll(text, `"`, `""`))
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, `"`)
	return err
}

func (c *csvWriter) End() error {
	c.w.Flush()
	return c.w.Error()
}

// plainCell keeps a text from being a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
func plainCell(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + text
	}
	return text
}

// JSON writes an array of one object a row, whose members are in the columns' order. Blobs are
// base64, booleans true and false, JSON columns of up to 4 MiB the documents themselves. A value
// that does not read as its column's kind is the text or number that is stored.
func JSON(w io.Writer) RowWriter { return &jsonWriter{w: bufio.NewWriterSize(w, exportBuffer)} }

// JSONLines writes one such object a line (https://jsonlines.org).
func JSONLines(w io.Writer) RowWriter {
	return &jsonWriter{w: bufio.NewWriterSize(w, exportBuffer), lines: true}
}

type jsonWriter struct {
	w     *bufio.Writer
	lines bool
	names [][]byte // with what stands before the value
	line  bytes.Buffer
	some  bool // a row was written
}

func (j *jsonWriter) Begin(columns []*Column) error {
	for i, column := range columns {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		j.names = append(j.names, append(append([]byte{before}, quoted(column.Name)...), ':'))
	}
	if j.lines {
		return nil
	}
	return j.w.WriteByte('[')
}

func (j *jsonWriter) Row(cells []Value) error {
	j.line.Reset()
	if !j.lines {
		if j.some {
			j.line.WriteByte(',')
		}
		j.line.WriteByte('\n')
	}
	j.some = true
	for i, cell := range cells {
		j.line.Write(j.names[i])
		if cell.Long() {
			if err := j.long(cell); err != nil {
				return err
			}
			continue
		}
		j.cell(cell)
	}
	j.line.WriteByte('}')
	if j.lines {
		j.line.WriteByte('\n')
	}
	_, err := j.w.Write(j.line.Bytes())
	return err
}

// maxDocument is the longest JSON document, in bytes, that is written as a document: it is held to
// be checked. A longer one is written as a string.
const maxDocument = 4 << 20

// long writes a long cell, piece by piece.
func (j *jsonWriter) long(cell Value) error {
	if _, err := j.w.Write(j.line.Bytes()); err != nil {
		return err
	}
	j.line.Reset()
	if cell.Storage == StoredBlob {
		_ = j.w.WriteByte('"') // its error is Flush's
		if err := cell.base64(j.w); err != nil {
			return err
		}
		return j.w.WriteByte('"')
	}
	var document []byte
	whole := cell.Kind == KindJSON
	begun := false
	err := cell.texts(func(text string) error {
		if whole && len(document)+len(text) <= maxDocument {
			document = append(document, text...)
			return nil
		}
		if whole = false; !begun {
			begun = true
			_ = j.w.WriteByte('"')
			if err := j.inner(string(document)); err != nil {
				return err
			}
			document = nil
		}
		return j.inner(text)
	})
	switch {
	case err != nil:
		return err
	case whole && json.Compact(&j.line, document) == nil:
		return nil
	case whole:
		j.line.Write(quoted(string(document)))
		return nil
	}
	return j.w.WriteByte('"')
}

// inner writes text within a string.
func (j *jsonWriter) inner(text string) error {
	for len(text) > 0 {
		n := min(len(text), exportBuffer)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n++
		}
		q := quoted(text[:n])
		if _, err := j.w.Write(q[1 : len(q)-1]); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

func (j *jsonWriter) cell(cell Value) {
	if cell.Null() {
		j.line.WriteString("null")
		return
	}
	if blob, ok := cell.Bytes(); ok {
		j.line.Write(quoted(base64.StdEncoding.EncodeToString(blob)))
		return
	}
	if cell.Kind == KindBool {
		if truth, ok := cell.Bool(); ok {
			j.line.Write(strconv.AppendBool(nil, truth))
			return
		}
	}
	if cell.Kind == KindJSON && json.Compact(&j.line, []byte(cell.Text)) == nil {
		return // Compact writes nothing if it fails
	}
	if cell.Numeric() && json.Valid([]byte(cell.Text)) { // infinity is not
		j.line.WriteString(cell.Text)
		return
	}
	j.line.Write(quoted(cell.Text))
}

func (j *jsonWriter) End() error {
	if !j.lines {
		if _, err := j.w.WriteString("\n]\n"); err != nil {
			return err
		}
	}
	return j.w.Flush()
}

// quoted is a JSON string; bytes in it that are not UTF-8 become U+FFFD.
func quoted(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
