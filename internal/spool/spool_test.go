// Tests of spools: whole, in order, bounded, without a trace.

package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, r *Room) *File {
	t.Helper()
	f, err := r.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func write(t *testing.T, f *File, b []byte) {
	t.Helper()
	if n, err := f.Write(b); n != len(b) || err != nil {
		t.Fatal(n, err)
	}
}

// What is written is sent as it was written, whoever of the two is faster.
func TestSentAsWritten(t *testing.T) {
	want := make([]byte, 3*piece+5)
	for i := range want {
		want[i] = byte(i * 7)
	}
	f := open(t, NewRoom(t.TempDir(), 1<<20))
	var got bytes.Buffer
	var both sync.WaitGroup
	both.Go(func() {
		if err := f.SendTo(t.Context(), &got); err != nil {
			t.Error(err)
		}
	})
	for rest := want; len(rest) > 0; {
		n := min(len(rest), 10_007)
		write(t, f, rest[:n])
		rest = rest[n:]
	}
	f.Finish(nil)
	both.Wait()
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes came of %d, or others", got.Len(), len(want))
	}
}

// The file has no name while it is open, nobody else may read it, and nothing of it is left.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	room := NewRoom(dir, 1<<20)
	f := open(t, room)
	write(t, f, make([]byte, 1000))
	info, err := f.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if entries, _ := os.ReadDir(dir); len(entries) != 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%v lies there, mode %v", entries, info.Mode())
		}
	}
	if room.Used() != 1000 {
		t.Errorf("%d bytes are taken, want 1000", room.Used())
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 || room.Used() != 0 {
		t.Errorf("%v is left, %d bytes are taken", entries, room.Used())
	}
	if _, err := f.Write([]byte("late")); !errors.Is(err, io.ErrClosedPipe) || room.Used() != 0 {
		t.Errorf("a producer that is late: %v, %d bytes are taken", err, room.Used())
	}
}

// An open file that keeps its name loses it when it is closed.
func TestANameIsRemovedOnClose(t *testing.T) {
	dir := t.TempDir()
	f := open(t, NewRoom(dir, 100))
	named, err := os.CreateTemp(dir, "x") // as on Windows
	if err != nil {
		t.Fatal(err)
	}
	_ = f.file.Close()
	f.file, f.named = named, true
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%v is left", entries)
	}
}

// All files together hold no more than the room.
func TestTheRoomIsBounded(t *testing.T) {
	room := NewRoom(t.TempDir(), 100)
	a, b := open(t, room), open(t, room)
	write(t, a, make([]byte, 60))
	write(t, b, make([]byte, 40))
	if n, err := b.Write([]byte{1}); n != 0 || !errors.Is(err, ErrFull) {
		t.Errorf("a byte too many: %d, %v", n, err)
	}
	if _, err := room.Open(); !errors.Is(err, ErrFull) {
		t.Errorf("a file too many: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, b, make([]byte, 60))
	if room.Used() != 100 {
		t.Errorf("%d bytes are taken", room.Used())
	}
}

// A producer that fails ends the sending with its error, behind what it wrote before.
func TestAFailureIsNoEnd(t *testing.T) {
	f := open(t, NewRoom(t.TempDir(), 100))
	write(t, f, []byte("half"))
	broken := errors.New("broken")
	f.Finish(broken)
	var got bytes.Buffer
	if err := f.SendTo(t.Context(), &got); !errors.Is(err, broken) || got.String() != "half" {
		t.Errorf("%q, %v", got.String(), err)
	}
}

// Without a folder to write to there is an error, not a panic; so with a disk that is full.
func TestNoDisk(t *testing.T) {
	dir := t.TempDir()
	open(t, NewRoom(dir+"/made", 100))
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewRoom(dir+"/file", 100).Open(); !errors.Is(err, ErrDisk) {
		t.Errorf("%v", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no /dev/full: ", err)
	}
	room := NewRoom(t.TempDir(), 100)
	f := open(t, room)
	_ = f.file.Close()
	f.file = full
	if _, err := f.Write([]byte("x")); !errors.Is(err, ErrDisk) || room.Used() != 0 {
		t.Errorf("%v, %d bytes are taken", err, room.Used())
	}
}

// The sender stops with its context while the producer has nothing to say, and with its writer.
func TestTheSenderStops(t *testing.T) {
	f := open(t, NewRoom(t.TempDir(), 100))
	write(t, f, []byte("x"))
	ctx, cut := context.WithCancel(t.Context())
	done := make(chan error, 1)
	begun := make(chan struct{}, 1)
	go func() {
		done <- f.SendTo(ctx, writer(func(b []byte) (int, error) { begun <- struct{}{}; return len(b), nil }))
	}()
	<-begun
	cut()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
	gone := errors.New("gone")
	if err := f.SendTo(t.Context(), writer(func([]byte) (int, error) { return 0, gone })); !errors.Is(err, gone) {
		t.Error(err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
