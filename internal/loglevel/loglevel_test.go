// Tests of levels: which records the levels let through.

package loglevel

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
)

func TestComponentsHaveTheirOwnLevel(t *testing.T) {
	levels, err := Parse("warn,session=debug, data=error")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := slog.New(levels.Handler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, c := range []struct {
		what string
		log  *slog.Logger
		at   slog.Level
		args []any
		kept bool
	}{
		{"no component, below", log, slog.LevelInfo, nil, false},
		{"no component, at", log, slog.LevelWarn, nil, true},
		{"the logger's component", log.With("component", "session"), slog.LevelDebug, nil, true},
		{"a part of the component", log.With("component", "session.redis"), slog.LevelDebug, nil, true},
		{"another word", log.With("component", "sessions"), slog.LevelDebug, nil, false},
		{"the record's component", log, slog.LevelDebug, []any{"component", "session"}, true},
		{"a quieter component", log.With("component", "data"), slog.LevelWarn, nil, false},
		{"a quieter component of the record", log, slog.LevelWarn, []any{"component", "data"}, false},
		{"an unknown component", log.With("component", "ui"), slog.LevelInfo, nil, false},
		{"another attribute's group", log.WithGroup("request"), slog.LevelDebug, []any{"component", "session"}, false},
		{"a group after the component", log.With("component", "session").WithGroup("request"), slog.LevelDebug, []any{"id", 1}, true},
	} {
		out.Reset()
		c.log.Log(context.Background(), c.at, "message", c.args...)
		if kept := out.Len() > 0; kept != c.kept {
			t.Errorf("%s: kept %t, want %t", c.what, kept, c.kept)
		}
	}
	if log.With("component", "data").Enabled(t.Context(), slog.LevelWarn) {
		t.Error("a component's level must be known before the record is made")
	}
}
