// Tests of numbers with the separators of other languages: nothing is guessed, and what to
// write is named.

package data

import (
	"strings"
	"testing"
)

func TestNumbersWithOtherSeparatorsAreRefusedAndSpeltOut(t *testing.T) {
	t.Parallel()
	price, count := &Column{Name: "price", Kind: KindDecimal, Precision: 10, Scale: 2}, &Column{Name: "n", Kind: KindInteger}
	real := &Column{Name: "r", Kind: KindReal}
	for _, c := range []struct {
		column *Column
		text   string
		want   string
	}{
		{price, "49,90", "Use a point: 49.90"}, {real, "49,90", "Use a point: 49.90"}, {price, "-0,5", "Use a point: -0.5"}, {price, ",5", "Use a point: .5"},
		{price, "1.234,56", "Use a point: 1234.56"}, {price, "1,234.56", "Use a point: 1234.56"}, {price, "1.234.567,8", "Use a point: 1234567.8"},
		{price, "1,234", "Use a point: 1.234, or leave the comma out: 1234"}, {price, "1,234,567", "Write it as 1234567"}, {price, "1.234.567", "Write it as 1234567"},
		{price, "1 234,50", "Use a point: 1234.50"}, {price, "1\u202f234,50", "Use a point: 1234.50"}, {price, "1\u00a0234", "Write it as 1234"}, {price, "1'234.50", "Use a point: 1234.50"},
		{price, "49٫90", "Use a point: 49.90"}, {price, "٤٩٫٩٠", "Use a point: 49.90"}, {price, "４９，９０", "Use a point: 49.90"}, {price, "−49.90", "Use a point: -49.90"}, {real, "–3", "Write it as -3"},
		{price, "0,234", "Use a point: 0.234"}, {price, "1234,567", "Use a point: 1234.567"},
		{count, "1,234", "Write it as 1234"}, {count, "1.234.567", "Write it as 1234567"}, {count, "1 000", "Write it as 1000"}, {count, "−3", "Write it as -3"},
		{count, "49,90", "must be a whole number, such as 12 or -3"}, {count, "1.5", "must be a whole number, such as 12 or -3"},
		{price, "cheap", "must be a number, such as 12 or -3.5"}, {price, "1,2.3,4", "must be a number, such as 12 or -3.5"}, {price, "€49,90", "must be a number, such as 12 or -3.5"},
		{price, ",", "must be a number, such as 12 or -3.5"}, {price, "1,e5", "must be a number"}, {price, strings.Repeat("1,", 5000), "must be a number, such as 12 or -3.5"},
	} {
		stored, err := c.column.parse(Field{Text: c.text})
		if err == nil || !strings.HasSuffix(err.Error(), c.want) && !(c.want == "must be a number" && strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s %q: %v, %v; want an error that ends in %q", c.column.Kind, c.text, stored, err, c.want)
		}
		if o, filterErr := c.column.parseOperand(OpEq, c.text); filterErr == nil {
			t.Errorf("%s %q is the number %v in a filter", c.column.Kind, c.text, o.number)
		} else if err != nil && filterErr.Error() != err.Error() {
			t.Errorf("%s %q: a filter says %q, a form %q", c.column.Kind, c.text, filterErr, err)
		}
	}
	for _, text := range []string{"49.90", "-3", "1234.56", ".5", "1e3"} {
		if _, err := price.parse(Field{Text: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whatever is written instead is a number, and the same as what was written for whoever reads
// the last separator as the decimal one.
func FuzzNotNumber(f *testing.F) {
	for _, text := range []string{"49,90", "1.234,5", "1,234", "٤٩", "--", "1e,5", "1,2,3"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		message := notNumber(text, whole).Error()
		for _, before := range []string{"Use a point: ", "Write it as ", "leave the comma out: "} {
			if _, after, found := strings.Cut(message, before); found {
				written, _, _ := strings.Cut(after, ",")
				if parseNumber(written) == nil || whole && strings.Contains(written, ".") {
					t.Errorf("%q: %s", text, message)
				}
			}
		}
	})
}
