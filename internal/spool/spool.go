// Package spool holds what is made faster than it is taken. A producer writes a [File] at full
// speed and is done with its source; a reader sends the file as it grows, for as long as the other
// side takes.
//
// A file is readable for its owner only (0600) and has no name from the moment it is open, so that
// its space is given back whatever ends the program; where an open file cannot lose its name
// (Windows) it loses it when it is closed. All files of a [Room] together hold no more than the
// room.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// ErrFull means that the files of the room hold as much as they may. There is room again when one
// of them is closed.
var ErrFull = errors.New("spool: the room for files that wait to be sent is full")

// ErrDisk means that the file could not be made or written, such as on a full disk.
var ErrDisk = errors.New("spool: the file that waits to be sent cannot be written")

// piece is how many bytes are sent at a time.
const piece = 64 << 10

// Room is where the files of a program lie, and how much they may hold. It is safe for concurrent
// use.
type Room struct {
	dir string
	max int64

	mu   sync.Mutex
	used int64
}

// NewRoom returns a room in the folder dir (empty: the system's for temporary files) of max bytes.
func NewRoom(dir string, max int64) *Room { return &Room{dir: dir, max: max} }

// Used returns how many bytes the open files hold.
func (r *Room) Used() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

// Max returns how many bytes they may hold.
func (r *Room) Max() int64 { return r.max }

// Open makes an empty file, and the folder if it is missing. Errors: ErrFull, ErrDisk.
func (r *Room) Open() (*File, error) {
	if r.Used() >= r.max {
		return nil, ErrFull
	}
	const name = "crudadmin-export-*"
	f, err := os.CreateTemp(r.dir, name) // 0600
	if errors.Is(err, fs.ErrNotExist) && os.MkdirAll(r.dir, 0o700) == nil {
		f, err = os.CreateTemp(r.dir, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	named := os.Remove(f.Name()) != nil
	return &File{room: r, file: f, named: named, changed: make(chan struct{})}, nil
}

// take reserves n bytes.
func (r *Room) take(n int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used+n > r.max {
		return false
	}
	r.used += n
	return true
}

func (r *Room) give(n int64) {
	r.mu.Lock()
	r.used -= n
	r.mu.Unlock()
}

// File is written by one goroutine and sent by another.
type File struct {
	room  *Room
	file  *os.File
	named bool // it still has its name

	mu      sync.Mutex
	size    int64
	done    bool  // nothing is written any more
	err     error // why not, if it is not whole
	closed  bool
	changed chan struct{} // closed when any of these changes
}

var _ io.Writer = (*File)(nil)

// Write adds to the end of the file. Errors: ErrFull, ErrDisk, and io.ErrClosedPipe when nobody
// sends it any more.
func (f *File) Write(b []byte) (int, error) {
	if !f.room.take(int64(len(b))) {
		return 0, ErrFull
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		f.room.give(int64(len(b)))
		return 0, io.ErrClosedPipe
	}
	n, err := f.file.WriteAt(b, f.size)
	f.room.give(int64(len(b) - n))
	f.size += int64(n)
	f.tell()
	if err != nil {
		return n, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return n, nil
}

// Finish says that the producer is done; an error means that the file is not whole.
func (f *File) Finish(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done, f.err = true, err
	f.tell()
}

// tell wakes the sender.
func (f *File) tell() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Size returns how many bytes were written so far.
func (f *File) Size() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size
}

// SendTo writes the file to w as it grows, until the producer is done. It returns the producer's
// error when everything that was written is sent, an error of w or of ctx at once.
func (f *File) SendTo(ctx context.Context, w io.Writer) error {
	buf := make([]byte, piece)
	for sent := int64(0); ; {
		f.mu.Lock()
		size, done, err, changed := f.size, f.done, f.err, f.changed
		f.mu.Unlock()
		if cut := ctx.Err(); cut != nil {
			return cut
		}
		if sent < size {
			n, err := f.file.ReadAt(buf[:min(size-sent, piece)], sent)
			if n == 0 && err != nil {
				return fmt.Errorf("%w: %w", ErrDisk, err)
			}
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			sent += int64(n)
			continue
		}
		if done {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Close gives the file's space back, to the room and to the disk. A producer that still writes is
// told so.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	f.room.give(f.size)
	err := f.file.Close()
	if f.named {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}
