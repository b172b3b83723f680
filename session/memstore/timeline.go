// Timeline: sessions in the order of their creation, in blocks, so that every change and every step
// of a walk touches one block.

package memstore

import (
	"iter"
	"slices"

	"github.com/go-crudadmin/crudadmin/session"
)

// blockSize is the most sessions in a block.
const blockSize = 512

// timeline holds sessions oldest first: by CreatedAt, then by ID. Neither
// changes while a session is in it. The zero timeline is empty.
type timeline struct {
	blocks [][]*session.Session // none is empty
}

func place(s *session.Session) session.Cursor { return session.Cursor{At: s.CreatedAt, ID: s.ID} }

// compare orders sessions oldest first.
func compare(s *session.Session, c session.Cursor) int { return c.Compare(place(s)) }

func (t *timeline) empty() bool { return len(t.blocks) == 0 }

// find returns the block and the index in it where a session at c is or would
// be inserted. The block may be one past the last.
func (t *timeline) find(c session.Cursor) (block, index int) {
	block, _ = slices.BinarySearchFunc(t.blocks, c, func(b []*session.Session, c session.Cursor) int {
		return compare(b[len(b)-1], c)
	})
	if block < len(t.blocks) {
		index, _ = slices.BinarySearchFunc(t.blocks[block], c, compare)
	}
	return block, index
}

func (t *timeline) insert(s *session.Session) {
	block, index := t.find(place(s))
	if block == len(t.blocks) { // newer than all: the usual case
		if block == 0 || len(t.blocks[block-1]) == blockSize {
			t.blocks = append(t.blocks, []*session.Session{s})
			return
		}
		t.blocks[block-1] = append(t.blocks[block-1], s)
		return
	}
	b := slices.Insert(t.blocks[block], index, s)
	if len(b) <= blockSize {
		t.blocks[block] = b
		return
	}
	half := len(b) / 2
	t.blocks[block] = slices.Clone(b[:half])
	t.blocks = slices.Insert(t.blocks, block+1, slices.Clone(b[half:]))
}

func (t *timeline) remove(s *session.Session) {
	block, index := t.find(place(s))
	if block == len(t.blocks) || t.blocks[block][index] != s {
		return
	}
	if b := slices.Delete(t.blocks[block], index, index+1); len(b) > 0 {
		t.blocks[block] = b
		return
	}
	t.blocks = slices.Delete(t.blocks, block, block+1)
}

// oldest walks from the oldest to the newest.
func (t *timeline) oldest() iter.Seq[*session.Session] {
	return func(yield func(*session.Session) bool) {
		for _, b := range t.blocks {
			for _, s := range b {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// after walks from just after c, or without a c from the newest, towards the older: the order of
// lists.
func (t *timeline) after(c session.Cursor, ok bool) iter.Seq[*session.Session] {
	return func(yield func(*session.Session) bool) {
		block, index := len(t.blocks), 0
		if ok {
			block, index = t.find(c)
		}
		for {
			if index == 0 {
				if block--; block < 0 {
					return
				}
				index = len(t.blocks[block])
			}
			index--
			if !yield(t.blocks[block][index]) {
				return
			}
		}
	}
}

// newer returns a copy of the first block, or of the rest of a block, that is newer than c. A sweep
// looks through it next.
func (t *timeline) newer(c session.Cursor) []*session.Session {
	block, index := t.find(c)
	if block < len(t.blocks) && compare(t.blocks[block][index], c) == 0 {
		index++
		if index == len(t.blocks[block]) {
			block, index = block+1, 0
		}
	}
	if block == len(t.blocks) {
		return nil
	}
	return slices.Clone(t.blocks[block][index:])
}
