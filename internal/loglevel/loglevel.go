// Package loglevel is a filter of log records: from which level on they are kept, by component.
package loglevel

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

// maxLevels is how many components may have a level of their own.
const maxLevels = 32

// Levels says from which level on records are kept: one level for everything,
// and one for each component that has its own. The zero value is info.
type Levels struct {
	base       slog.Level
	components map[string]slog.Level
}

// Parse reads the levels as LOG_LEVEL has them: "info", or
// "info,session=debug,data=warn". The levels are debug, info, warn (or warning) and
// error, the empty text is info. A component's level is also that of its parts:
// session is session.redis too. At most 32 components.
func Parse(text string) (Levels, error) {
	levels := Levels{base: slog.LevelInfo, components: map[string]slog.Level{}}
	if text == "" {
		return levels, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxLevels {
		return levels, fmt.Errorf("%d parts, want at most %d", len(parts), maxLevels)
	}
	for i, part := range parts {
		component, name, own := strings.Cut(strings.TrimSpace(part), "=")
		if !own {
			name = component
		}
		level, known := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "warning": slog.LevelWarn, "error": slog.LevelError}[strings.ToLower(name)]
		switch {
		case !known:
			return levels, fmt.Errorf("%q is not a level, want debug, info, warn or error, and COMPONENT=LEVEL for a component's own, such as info,session=debug", clip.Value(name))
		case own && component == "":
			return levels, fmt.Errorf("part %d has no component before the =", i+1)
		case own:
			levels.components[component] = level
		case i > 0:
			return levels, fmt.Errorf("%q is a second level for everything; the first part sets it", clip.Value(name))
		default:
			levels.base = level
		}
	}
	return levels, nil
}

// Handler returns a handler that hands on to next what the levels let through. A
// record's component is the attribute of that name, outside any group, of the
// logger or, where that has none, of the record.
func (l Levels) Handler(next slog.Handler) slog.Handler {
	return levelHandler{next: next, levels: l}
}

// of is the level of the component: its own, or that of what it is a part of.
func (l Levels) of(component string) slog.Level {
	for whole := component; ; {
		if level, ok := l.components[whole]; ok {
			return level
		}
		dot := strings.LastIndexByte(whole, '.')
		if dot < 0 {
			return l.base
		}
		whole = whole[:dot]
	}
}

// lowest is the lowest level of all.
func (l Levels) lowest() slog.Level {
	low := l.base
	for _, level := range l.components {
		low = min(low, level)
	}
	return low
}

// levelHandler keeps the records that their component's level lets through.
type levelHandler struct {
	next      slog.Handler
	levels    Levels
	component string
	grouped   bool
}

func (h levelHandler) Enabled(ctx context.Context, level slog.Level) bool {
	low := h.levels.of(h.component)
	if h.component == "" {
		low = h.levels.lowest() // the record may name a component yet
	}
	return level >= low && h.next.Enabled(ctx, level)
}

func (h levelHandler) Handle(ctx context.Context, record slog.Record) error {
	component := h.component
	if component == "" && !h.grouped {
		record.Attrs(func(a slog.Attr) bool {
			if a.Key == "component" {
				component = a.Value.String()
			}
			return component == ""
		})
	}
	if record.Level < h.levels.of(component) {
		return nil
	}
	return h.next.Handle(ctx, record)
}

func (h levelHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "component" && !h.grouped {
			h.component = a.Value.String()
		}
	}
	h.next = h.next.WithAttrs(attrs)
	return h
}

func (h levelHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h.next, h.grouped = h.next.WithGroup(name), true
	return h
}
