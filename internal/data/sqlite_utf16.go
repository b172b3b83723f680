// This file holds what SQLite files need whose texts are UTF-16. SQLite hands texts out in UTF-8;
// their sizes, and what is read of a cell bit by bit, are of the file's encoding.

package data

import (
	"unicode/utf16"
	"unicode/utf8"
)

func (d *sqlite) measured(text string, size int64) int64 {
	if d.utf16 == nil {
		return size
	}
	n := int64(0)
	for _, r := range text {
		n += 2 * int64(max(1, utf16.RuneLen(r))) // a byte that is part of none is one in the file too
	}
	return int64(len(text)) + max(0, size-n)
}

func (d *sqlite) whole(storage Storage, read func(each func([]byte) error) error, yield func([]byte) error) error {
	if d.utf16 == nil || storage != StoredText {
		return read(yield)
	}
	var rest, text []byte
	high := rune(0) // the first half of a pair
	err := read(func(piece []byte) error {
		rest, text = append(rest, piece...), text[:0]
		for len(rest) >= 2 {
			unit := rune(d.utf16.Uint16(rest))
			rest = rest[2:]
			if high != 0 {
				if both := utf16.DecodeRune(high, unit); both != utf8.RuneError {
					text, high = utf8.AppendRune(text, both), 0
					continue
				}
				text, high = utf8.AppendRune(text, utf8.RuneError), 0
			}
			if unit >= 0xd800 && unit < 0xdc00 {
				high = unit
				continue
			}
			text = utf8.AppendRune(text, unit)
		}
		return yield(text)
	})
	if err == nil && high != 0 {
		err = yield([]byte(string(utf8.RuneError)))
	}
	return err
}
