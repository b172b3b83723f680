package data

// This file writes exports as CSV and JSON.

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// exportBuffer is how many bytes of JSON are gathered before they are written; encoding/csv has its own 4 KiB.
const exportBuffer = 16 << 10

// CSV writes comma-separated values (RFC 4180, lines ending in LF) under a line of column names. Blobs are base64; NULL
// and the empty text are both empty. A text, or name, that a spreadsheet would take for a formula, beginning with = + - @,
// also of full width, a tab, a CR or a LF, gets ' before it; numbers, also as text in a column of numbers, do not.
func CSV(w io.Writer) RowWriter { return &csvWriter{w: csv.NewWriter(w)} }

type csvWriter struct {
	w    *csv.Writer
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
		number := cell.Kind == KindInteger || cell.Kind == KindReal || cell.Kind == KindDecimal
		switch blob, isBlob := cell.Bytes(); {
		case isBlob:
			c.line[i] = base64.StdEncoding.EncodeToString(blob)
		case cell.Storage != StoredText, number && parseNumber(cell.Text) != nil:
			c.line[i] = cell.Text
		default:
			c.line[i] = plainCell(cell.Text)
		}
	}
	return c.w.Write(c.line)
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

// JSON writes an array of one object a row, whose members are in the columns' order. Blobs are base64, booleans true
// and false, JSON columns the documents themselves; what does not read as its column's kind is the text or number that
// is stored.
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
		j.cell(cell)
	}
	j.line.WriteByte('}')
	if j.lines {
		j.line.WriteByte('\n')
	}
	_, err := j.w.Write(j.line.Bytes())
	return err
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
	number, ok := cell.Number()
	if f, isReal := number.(float64); ok && (!isReal || !math.IsInf(f, 0)) {
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

// quoted is a JSON string; what is not UTF-8 in it becomes U+FFFD.
func quoted(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
